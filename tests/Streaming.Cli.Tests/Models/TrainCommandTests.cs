using Streaming.Cli.Tests.Running;

namespace Streaming.Cli.Tests.Models;

public sealed class TrainCommandTests : IDisposable
{
    private const string Recipe = """
        name: tiny
        version: "1"
        seed: 7
        licence: MIT
        data_sets:
          notes: {format: csv, licence: MIT}
        heads:
          - name: sentiment
            task: sentiment
            kind: softmax
            layers: [6]
            labels: [positive, negative]
            optimizer: {kind: lbfgs, max_iterations: 20, l2: 0.01}
            train: [{set: notes, file: train.csv}]
            dev: [{set: notes, file: dev.csv}]
            test: [{set: notes, file: test.csv}]
        """;

    private const string Tuned = """
        name: tuned
        version: "1"
        seed: 7
        licence: MIT
        data_sets:
          notes: {format: csv, licence: MIT}
        fine_tuning: {steps: 40, evaluate_every: 10, learning_rate: 0.01, max_batch_tokens: 128, max_length: 32, heads: keep}
        heads:
          - name: sentiment
            task: sentiment
            kind: softmax
            layers: [2]
            labels: [positive, negative]
            train: [{set: notes, file: train.csv}]
            dev: [{set: notes, file: dev.csv}]
            test: [{set: notes, file: test.csv}]
        """;

    private readonly Binary _binary = new();

    [Fact]
    public async Task Train_NoSuchRecipe_IsCoded() => (await _binary.RunAsync("train", "nowhere.yaml")).FailedWith(2, "recipe_not_found");

    [Fact]
    public async Task Train_NoSuchDataRoot_IsCoded()
    {
        var recipe = _binary.Write("tiny.yaml", Recipe);
        (await _binary.RunAsync("train", recipe, "--data-root", "nowhere")).FailedWith(2, "data_root_not_found");
    }

    [Fact]
    public async Task Train_HeadNotInRecipe_NamesThoseThereAre()
    {
        var recipe = _binary.Write("tiny.yaml", Recipe);
        var finished = await _binary.RunAsync("train", recipe, "--heads", "ner");
        finished.FailedWith(2, "head_not_found");
        Assert.Contains("it has sentiment", finished.Error, StringComparison.Ordinal);
    }

    [StarterFact]
    public async Task Train_SmallRecipe_GivesABundleThatVerifies()
    {
        var recipe = _binary.Write("tiny.yaml", Recipe);
        _binary.Write("train.csv", "text,label\nI love it,positive\nI hate it,negative\nwonderful day,positive\nawful day,negative\ngreat work,positive\nbad work,negative\n");
        _binary.Write("dev.csv", "text,label\nlovely,positive\nhorrible,negative\n");
        _binary.Write("test.csv", "text,label\nso good,positive\nso sad,negative\n");
        var trained = (await _binary.RunAsync("train", recipe, "--data-root", Path.GetDirectoryName(recipe)!, "--json")).Json();
        Assert.Equal(Path.Combine(_binary.Data, "models", "tiny"), trained.GetProperty("directory").GetString());
        Assert.Equal("sentiment", trained.GetProperty("manifest").GetProperty("heads")[0].GetProperty("name").GetString());
        (await _binary.RunAsync("models", "verify", "tiny")).Ok();
        (await _binary.RunAsync("train", recipe, "--data-root", Path.GetDirectoryName(recipe)!)).FailedWith(2, "model_exists");
    }

    [Fact]
    public async Task Train_FineTuning_TrainsTheEncoderByTheGradientGraphAndGivesABundle()
    {
        var recipe = _binary.Write("tuned.yaml", Tuned);
        var folder = Path.GetDirectoryName(recipe)!;
        var checkpoint = SmallCheckpoint.Write(Path.Combine(folder, "checkpoint"), "good", "bad", "day", "work", "it", "is");
        foreach (var (name, rows) in (ReadOnlySpan<(string, int)>)[("train.csv", 40), ("dev.csv", 8), ("test.csv", 12)])
            _binary.Write(name, "text,label\n" + string.Concat(Enumerable.Range(0, rows).Select(i => $"{name[0]} it is {(i % 2 == 0 ? "good" : "bad")} day {(char)('a' + (i % 26))} work {i / 26}.,{(i % 2 == 0 ? "positive" : "negative")}\n")));

        var trained = (await _binary.RunAsync("train", recipe, "--encoder", checkpoint, "--data-root", folder, "--threads", "1", "--json")).Json();

        var directory = trained.GetProperty("directory").GetString()!;
        Assert.Equal(1, trained.GetProperty("manifest").GetProperty("heads")[0].GetProperty("metrics").GetProperty("test.accuracy").GetDouble());
        Assert.Contains("10,sentiment,dev_macro_f1,", await File.ReadAllTextAsync(directory + ".training/log.csv"), StringComparison.Ordinal);
        Assert.True(File.Exists(directory + ".training/checkpoint/model.safetensors"));
        (await _binary.RunAsync("models", "verify", directory)).Ok();
        (await _binary.RunAsync("train", recipe, "--data-root", folder, "--encoder", "starter", "--output", Path.Combine(folder, "other"))).FailedWith(2, "checkpoint_needed");
        (await _binary.RunAsync("train", recipe, "--data-root", folder, "--encoder", checkpoint, "--backend", "abacus", "--output", Path.Combine(folder, "other"))).FailedWith(2, "training_backend_missing");
    }

    public void Dispose() => _binary.Dispose();
}
