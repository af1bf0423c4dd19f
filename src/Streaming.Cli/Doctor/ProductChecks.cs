using System.Globalization;
using Streaming.Adapters.Sqlite;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Topology;

namespace Streaming.Cli.Doctor;

/// <summary>Model bundles, data folder and shipped topologies.</summary>
internal static class ProductChecks
{
    /// <summary>Looks at them; nothing is made or changed.</summary>
    public static IEnumerable<Check> Run(CliContext context, string? data)
    {
        string? noHome = null;
        try
        {
            HomeFolder.Find(context);
        }
        catch (StreamingException error)
        {
            noHome = error.Message;
        }

        if (noHome is not null)
            yield return new Check("machine", "home", CheckState.Broken, "missing", noHome);
        foreach (var check in noHome is null ? Bundles(context, data) : [])
            yield return check;
        yield return Data(context, data);
        foreach (var file in noHome is null ? TopologyFile.Shipped(context) : [])
            yield return Topology(context, file);
    }

    private static IEnumerable<Check> Bundles(CliContext context, string? data)
    {
        var found = 0;
        foreach (var root in BundleLocator.Roots(context, data).Where(Directory.Exists))
        {
            foreach (var folder in Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal))
            {
                if (!File.Exists(Path.Combine(folder, ModelBundle.ManifestName)))
                    continue;
                found++;
                yield return Bundle(folder);
                if (Tuning(context, data, folder) is { } tuning)
                    yield return tuning;
            }
        }

        if (found == 0)
            yield return new Check("models", "bundles", CheckState.Broken, "none", "make one with: streaming models import DIR --name NAME");
    }

    private static Check Bundle(string folder)
    {
        var name = Path.GetFileName(folder);
        try
        {
            var manifest = ModelBundle.Open(folder).Manifest;
            var heads = string.Join(", ", manifest.Heads.Select(static head => head.Name));
            return new Check("models", name, CheckState.Ok, $"{manifest.Name} {manifest.Version}, {manifest.Encoder.Precision}", $"verified; heads: {(heads.Length == 0 ? "none" : heads)}; {folder}");
        }
        catch (StreamingException error)
        {
            return new Check("models", name, CheckState.Broken, error.Code, $"{error.Message} ({folder})");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Check("models", name, CheckState.Broken, "unreadable", $"{error.Message} ({folder})");
        }
    }

    /// <summary>What a topology that leaves batch size and calls open gets on this machine.</summary>
    private static Check? Tuning(CliContext context, string? data, string folder)
    {
        try
        {
            var encoder = ModelBundle.Open(folder).Manifest.Encoder.Sha256;
            var known = BatchTuning.Known(context, data, encoder, "cpu").Concat(BatchTuning.Known(context, data, encoder, "cuda:0")).ToList();
            if (known.Count == 0)
                return new Check("models", Path.GetFileName(folder) + " batches", CheckState.Ok, "not measured here yet", "the first run on this machine takes a second for it; batching.max_batch_tokens overrides it");
            var best = known[0];
            var measured = string.Join(", ", best.Measured.Select(static cost => string.Create(CultureInfo.InvariantCulture, $"{cost.BatchTokens}: {cost.Microseconds:0.0}")));
            return new Check(
                "models", Path.GetFileName(folder) + " batches", CheckState.Ok,
                string.Create(CultureInfo.InvariantCulture, $"{best.BatchTokens} token places, {best.Calls} at once"), $"measured on this machine, µs a token place: {measured}");
        }
        catch (Exception error) when (error is StreamingException or IOException or UnauthorizedAccessException)
        {
            // The bundle's own check, or ONNX Runtime's, says what is wrong.
            return null;
        }
    }

    private static Check Data(CliContext context, string? data)
    {
        try
        {
            var folder = DataFolder.Resolve(context, data);
            var store = new FileInfo(Path.Combine(folder, EmbeddedStore.FileName));
            if (File.Exists(folder))
                return new Check("data", "folder", CheckState.Broken, folder, "is a file; choose another with --data or STREAMING_DATA");
            return store.Exists
                ? new Check("data", "folder", CheckState.Ok, folder, string.Create(CultureInfo.InvariantCulture, $"a store of {store.Length / 1_000_000.0:0.0} MB"))
                : new Check("data", "folder", CheckState.Ok, folder, "nothing stored yet");
        }
        catch (StreamingException error)
        {
            return new Check("data", "folder", CheckState.Broken, error.Code, error.Message);
        }
    }

    private static Check Topology(CliContext context, string file)
    {
        var result = TopologyLoader.Load(file, context.Environment);
        return new Check(
            "topologies", Path.GetFileNameWithoutExtension(file), result.IsValid ? CheckState.Ok : CheckState.Broken,
            result.IsValid ? "valid" : "invalid", result.Diagnostics.Count == 0 ? null : string.Join("; ", result.Diagnostics));
    }
}
