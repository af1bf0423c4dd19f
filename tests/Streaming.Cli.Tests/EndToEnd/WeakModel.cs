using System.Text.Json;
using Streaming.Contracts;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>A weak model for names in a data folder, a small frozen test set, and labelled texts to learn from.</summary>
internal static class WeakModel
{
    /// <summary>Name of the bundle.</summary>
    public const string Name = "weak";

    private static readonly string Learning = Path.Combine(Product.Home, "topologies", "samples", "learning");

    /// <summary>The labelled stream as a file.</summary>
    public static string StreamFile => Path.Combine(Learning, "stream.jsonl");

    /// <summary>Lines of the labelled stream.</summary>
    public static IReadOnlyList<string> Stream { get; } = File.ReadAllLines(StreamFile);

    /// <summary>Trains it, and writes the test set to <c>test.jsonl</c>.</summary>
    public static async Task MakeAsync(DataFolderOfTest data)
    {
        data.WriteLines("test.jsonl", File.ReadLines(Path.Combine(Learning, "test.jsonl")).Take(40));
        data.WriteLines("seed.jsonl", File.ReadLines(Path.Combine(Learning, "seed.jsonl")));
        var recipe = data.WriteLines("recipe.yaml",
        [
            $"name: {Name}", "version: 0.1.0", "seed: 1", "licence: CC-BY-4.0",
            "data_sets: {wikigold: {format: jsonl, licence: CC-BY-4.0}}",
            "heads:",
            "  - {name: ner, task: ner, kind: crf, layers: [5, 6], word_shape: true, labels: [PER, LOC, ORG, MISC], optimizer: {epochs: 2, batch_size: 8},",
            "     train: [{set: wikigold, file: seed.jsonl}], dev: [{set: wikigold, file: test.jsonl}], test: [{set: wikigold, file: test.jsonl}]}",
        ]);
        (await ProductProcess.RunAsync("train", recipe, "--encoder", "starter", "--data-root", data.Path, "--output", data.File($"models/{Name}"), "--data", data.Path)).Ok();
    }

    /// <summary>A line of the labelled stream as somebody's label.</summary>
    public static LabelledSample Sample(int index, string topology)
    {
        var line = JsonDocument.Parse(Stream[index]).RootElement;
        var id = line.GetProperty("id").GetString()!;
        return new LabelledSample
        {
            Id = LabelledSample.IdOf(id, LabelTask.Entities, LabellerKind.Replay, "test"),
            RequestId = id,
            DocumentId = id,
            Task = LabelTask.Entities,
            Text = line.GetProperty("text").GetString()!,
            Spans = [.. line.GetProperty("spans").EnumerateArray().Select(static span => new SampleSpan(span.GetProperty("start").GetInt32(), span.GetProperty("end").GetInt32(), span.GetProperty("label").GetString()!))],
            Validity = SampleValidity.Valid,
            Labeller = "test",
            LabellerKind = LabellerKind.Replay,
            Topology = topology,
            LabelledAt = DateTimeOffset.UnixEpoch.AddSeconds(index),
        };
    }
}
