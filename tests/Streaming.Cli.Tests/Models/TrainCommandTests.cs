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

    public void Dispose() => _binary.Dispose();
}
