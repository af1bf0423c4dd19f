using Streaming.Adapters.Sqlite;
using Streaming.Cli.Tests.EndToEnd;
using Streaming.Cli.Tests.Running;
using Streaming.Contracts;

namespace Streaming.Cli.Tests.Models;

/// <summary>A retraining in the real process that trains the encoder too, by the gradient graph.</summary>
public sealed class RetrainCommandTests : IDisposable
{
    private const string Head = """
        name: moody
        version: "1"
        seed: 7
        licence: MIT
        data_sets:
          notes: {format: jsonl, licence: MIT}
        heads:
          - name: sentiment
            task: sentiment
            kind: softmax
            layers: [2]
            labels: [positive, negative]
            optimizer: {epochs: 20, batch_size: 8}
            train: [{set: notes, file: wrong.jsonl}]
            dev: [{set: notes, file: dev.jsonl}]
            test: [{set: notes, file: test.jsonl}]

        """;

    private const string Tuned = Head + "fine_tuning: {epochs: 10, learning_rate: 0.01, max_batch_tokens: 128, max_length: 32}\n";

    private readonly Binary _binary = new();

    public void Dispose() => _binary.Dispose();

    [ProductFact]
    public async Task Retrain_FineTuning_PutsAnotherEncoderInForceAndSaysHow()
    {
        var folder = Path.GetDirectoryName(_binary.Write("tuned.yaml", Tuned))!;
        var checkpoint = SmallCheckpoint.Write(Path.Combine(folder, "checkpoint"), "good", "bad", "day", "work", "it", "is");
        // What is in force has learnt the opposite.
        Write("wrong.jsonl", "w", 40, isRight: false);
        Write("dev.jsonl", "d", 8);
        Write("test.jsonl", "t", 40);
        (await _binary.RunAsync("train", _binary.Write("heads.yaml", Head), "--encoder", checkpoint, "--data-root", folder)).Ok();
        await LabelAsync(60);

        (await RetrainAsync("recipe: nowhere.yaml, checkpoint: checkpoint")).FailedWith(2, "recipe_not_found");
        (await RetrainAsync("recipe: heads.yaml, checkpoint: checkpoint")).FailedWith(2, "recipe_invalid");
        (await RetrainAsync("recipe: tuned.yaml, checkpoint: nowhere")).FailedWith(2, "checkpoint_needed");
        (await RetrainAsync("recipe: tuned.yaml, checkpoint: checkpoint, backend: abacus")).FailedWith(2, "training_backend_missing");
        var outcome = (await RetrainAsync("recipe: tuned.yaml, checkpoint: checkpoint")).Json();

        Assert.True(outcome.GetProperty("promoted").GetBoolean(), outcome.ToString());
        Assert.Equal(("1-r1", 60), (outcome.GetProperty("version").GetString(), outcome.GetProperty("labels").GetInt32()));
        Assert.True(outcome.GetProperty("metrics").GetProperty("sentiment.test.micro_f1.after").GetDouble() > 0.8, outcome.ToString());
        var lineage = await _binary.RunAsync("lineage", "moody@1-r1");
        Assert.Contains("encoder   checkpoint by onnx, 10 epochs, blend all", lineage.Out, StringComparison.Ordinal);
        var bundle = Path.Combine(_binary.Data, "registry", "bundles", outcome.GetProperty("digest").GetString()!);
        var shown = (await _binary.RunAsync("models", "show", bundle, "--json")).Json().GetProperty("manifest");
        Assert.Equal(("int8", "moody@1"), (shown.GetProperty("encoder").GetProperty("precision").GetString(), shown.GetProperty("parent").GetString()));
    }

    private Task<ProductResult> RetrainAsync(string tuning) => _binary.RunAsync("retrain", _binary.Write("moody.yaml", $$"""
        name: moody
        model: {bundle: moody, channel: stable}
        source: {topics: [moody.raw]}
        chain: [decode, normalise, tokenise, encode, sentiment]
        retraining: {test: {sentiment: test.jsonl}, blend: {strategy: all}, fine_tuning: { {{tuning}} } }

        """), "--json");

    private void Write(string name, string mark, int count, bool isRight = true) => _binary.Write(
        name, string.Concat(Enumerable.Range(0, count).Select(i => $$"""{"text":"{{Text(mark, i)}}","label":"{{Mood(isRight ? i : i + 1)}}"}""" + "\n")));

    private static string Text(string mark, int i) => $"{mark} it is {(i % 2 == 0 ? "good" : "bad")} day {(char)('a' + (i % 26))} work {(char)('a' + (i / 26))}.";

    private static string Mood(int i) => i % 2 == 0 ? "positive" : "negative";

    private async Task LabelAsync(int count)
    {
        await using var store = await EmbeddedStore.OpenAsync(Path.Combine(_binary.Data, EmbeddedStore.FileName), null, TimeProvider.System, default);
        await store.Samples.AddSamplesAsync(
            [
                .. Enumerable.Range(0, count).Select(static i => new LabelledSample
                {
                    Id = LabelledSample.IdOf($"r{i}", LabelTask.Sentiment, LabellerKind.Replay, "test"),
                    RequestId = $"r{i}",
                    DocumentId = $"d{i}",
                    Task = LabelTask.Sentiment,
                    Text = Text("l", i),
                    Labels = [Mood(i)],
                    Validity = SampleValidity.Valid,
                    Labeller = "test",
                    LabellerKind = LabellerKind.Replay,
                    Topology = "moody",
                    LabelledAt = DateTimeOffset.UnixEpoch.AddSeconds(i),
                }),
            ],
            default);
    }
}
