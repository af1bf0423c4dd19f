using Streaming.Core.Models.Bundle;

namespace Streaming.Cli.Models;

/// <summary>What tells two bundles apart.</summary>
internal sealed record BundleDiff(string From, string To, bool IsEncoderChanged, bool IsTokenizerChanged, IReadOnlyList<HeadDiff> Heads)
{
    /// <summary>Compares two opened bundles.</summary>
    public static BundleDiff Of(ModelBundle from, ModelBundle to)
    {
        var names = from.Manifest.Heads.Concat(to.Manifest.Heads).Select(static head => head.Name).Distinct(StringComparer.Ordinal);
        return new BundleDiff(
            BundleText.NameOf(from.Manifest),
            BundleText.NameOf(to.Manifest),
            Digest(from, from.Manifest.Encoder.File) != Digest(to, to.Manifest.Encoder.File),
            !from.Manifest.Tokenizer.Files.Select(file => Digest(from, file)).SequenceEqual(to.Manifest.Tokenizer.Files.Select(file => Digest(to, file))),
            [.. names.Select(name => Compare(name, from, to))]);
    }

    private static HeadDiff Compare(string name, ModelBundle from, ModelBundle to)
    {
        var before = from.Manifest.Heads.FirstOrDefault(head => head.Name == name);
        var after = to.Manifest.Heads.FirstOrDefault(head => head.Name == name);
        IReadOnlyList<string> oldLabels = before?.Labels ?? [], newLabels = after?.Labels ?? [];
        var metrics = (before?.Metrics.Keys ?? []).Concat(after?.Metrics.Keys ?? []).Distinct().Order(StringComparer.Ordinal)
            .Select(metric => (metric, Value(before, metric), Value(after, metric)));
        return new HeadDiff(
            name,
            before is null ? "added" : after is null ? "removed" : IsSame(before, from, after, to) ? "same" : "changed",
            [.. newLabels.Except(oldLabels)],
            [.. oldLabels.Except(newLabels)],
            [.. metrics]);
    }

    private static bool IsSame(HeadManifest before, ModelBundle from, HeadManifest after, ModelBundle to) =>
        Digest(from, before.File) == Digest(to, after.File)
        && before.Temperature.Equals(after.Temperature)
        && before.Labels.SequenceEqual(after.Labels)
        && before.Layers.SequenceEqual(after.Layers)
        && before.Thresholds.Count == after.Thresholds.Count && !before.Thresholds.Except(after.Thresholds).Any();

    private static double? Value(HeadManifest? head, string metric) => head is not null && head.Metrics.TryGetValue(metric, out var value) ? value : null;

    private static string Digest(ModelBundle bundle, string file) => bundle.Manifest.Files[file].Sha256;
}

/// <summary>What tells two heads of one name apart: <c>added</c>, <c>removed</c>, <c>changed</c> or <c>same</c>.</summary>
internal sealed record HeadDiff(
    string Name,
    string Change,
    IReadOnlyList<string> LabelsAdded,
    IReadOnlyList<string> LabelsRemoved,
    IReadOnlyList<(string Metric, double? From, double? To)> Metrics);
