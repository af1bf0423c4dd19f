using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.FineTuning;
using Streaming.Learning.Recipes;
using Streaming.Learning.Training;

namespace Streaming.Learning.Tests.FineTuning;

public sealed class EncoderTrainingTests : IDisposable
{
    private const string Recipe = """
        name: small
        version: 0.0.1
        seed: 5
        licence: CC-BY-4.0
        data_sets:
          cities: {format: conll, licence: CC-BY-4.0}
          moods: {format: tsv, licence: CC0-1.0}
        fine_tuning:
          epochs: 4
          learning_rate: 0.01
          max_batch_tokens: 64
          max_length: 16
          sampling: square_root
          heads: keep
          tasks: {sentiment: {loss_weight: 0.5, label_smoothing: 0.05, class_weights: balanced}}
        heads:
          - name: ner
            task: ner
            kind: crf
            layers: [1]
            word_shape: true
            labels: [PER, LOC]
            optimizer: {epochs: 6, batch_size: 8, learning_rate: 0.02}
            train: [{set: cities, file: cities.conll, folds: 4, keep: [0, 1]}]
            dev: [{set: cities, file: cities.conll, folds: 4, keep: [2]}]
            test: [{set: cities, file: cities.conll, folds: 4, keep: [3]}]
          - name: sentiment
            task: sentiment
            kind: softmax
            layers: [1, 2]
            labels: [negative, positive]
            optimizer: {kind: lbfgs, max_iterations: 30}
            train: [{set: moods, file: moods.tsv, folds: 4, keep: [0, 1]}]
            dev: [{set: moods, file: moods.tsv, folds: 4, keep: [2]}]
            test: [{set: moods, file: moods.tsv, folds: 4, keep: [3]}]
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streaming-tune-test-");
    private readonly TinyBackend _backend = new();
    private readonly TinyImporter _importer = new();
    private readonly string _checkpoint;

    public EncoderTrainingTests()
    {
        _checkpoint = TinyCities.NewCheckpoint(PathOf("checkpoint"), "fine", "awful");
        var random = new SeededRandom(11);
        File.WriteAllText(PathOf("cities.conll"), string.Concat(Enumerable.Range(0, 200).Select(_ => TinyCities.Sentence(random, 20, 5))));
        File.WriteAllText(PathOf("moods.tsv"), "text\tlabel\n" + string.Concat(Enumerable.Range(0, 160).Select(_ => Mood(random))));
    }

    [Fact]
    public async Task TrainAsync_TwoTasks_LearnsBothAndServesThem()
    {
        var bundle = await TrainAsync("a", Recipe);
        Assert.True(bundle.Manifest.Heads[0].Metrics["test.micro_f1"] > 0.9, $"F1 {bundle.Manifest.Heads[0].Metrics["test.micro_f1"]}");
        Assert.True(bundle.Manifest.Heads[1].Metrics["test.accuracy"] > 0.9, $"accuracy {bundle.Manifest.Heads[1].Metrics["test.accuracy"]}");
        Assert.Equal(2, _backend.Last!.Heads.Count);
        Assert.NotEmpty(_importer.Calibrated);
    }

    [Theory]
    [InlineData("keep")]
    [InlineData("refit")]
    [InlineData("best")]
    public async Task TrainAsync_WhatBecomesOfHeads_IsAsAsked(string policy)
    {
        var bundle = await TrainAsync("p", Recipe.Replace("heads: keep", $"heads: {policy}", StringComparison.Ordinal));
        using var best = SafetensorsFile.Open(PathOf("p.training/best.safetensors"));
        var tuned = best.ReadSingles(best.Tensors["heads.sentiment.weight"]);
        using var head = bundle.OpenHead(bundle.Manifest.Heads[1]);
        var served = head.ReadSingles(head.Tensors["weight"]);
        Assert.Equal(policy, policy == "best" ? policy : served.SequenceEqual(tuned) ? "keep" : "refit");
        Assert.True(bundle.Manifest.Heads[1].Metrics["test.accuracy"] > 0.9);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(23)]
    public async Task TrainAsync_StoppedAndResumed_IsBitEqual(int stopAt)
    {
        var recipe = WithContrast(Recipe);
        await TrainAsync("whole", recipe);
        using var stop = new CancellationTokenSource();
        var stopper = new InlineProgress(at =>
        {
            if (at.Stage is "fine-tune" && at.Done == stopAt)
                stop.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Training("parts", resume: false).TrainAsync(Parse(recipe), PathOf("parts"), false, stopper, stop.Token));
        Assert.False(Directory.Exists(PathOf("parts")));
        await Training("parts", resume: true).TrainAsync(Parse(recipe), PathOf("parts"), false, null, CancellationToken.None);
        Assert.Equal(await File.ReadAllBytesAsync(PathOf("whole.training/best.safetensors")), await File.ReadAllBytesAsync(PathOf("parts.training/best.safetensors")));
        Assert.Equal(
            await File.ReadAllBytesAsync(PathOf("whole.training/state.bin")),
            await File.ReadAllBytesAsync(PathOf("parts.training/state.bin")));
    }

    [Fact]
    public async Task TrainAsync_ResumedAfterTheEnd_TrainsNoStepMore()
    {
        await TrainAsync("done", Recipe);
        _backend.Updates = 0;
        await Training("done", resume: true).TrainAsync(Parse(Recipe), PathOf("done"), true, null, CancellationToken.None);
        Assert.Equal(0, _backend.Updates);
    }

    [Fact]
    public async Task TrainAsync_ResumedWithAnotherRecipe_IsRefused()
    {
        await TrainAsync("x", Recipe);
        var error = await Assert.ThrowsAsync<StreamingException>(async () =>
            await Training("x", resume: true).TrainAsync(Parse(Recipe.Replace("seed: 5", "seed: 6", StringComparison.Ordinal)), PathOf("y"), false, null, CancellationToken.None));
        Assert.Equal("training_state_invalid", error.Code);
    }

    [Fact]
    public async Task TrainAsync_StateCutShort_IsRefused()
    {
        await TrainAsync("cut", Recipe);
        var state = await File.ReadAllBytesAsync(PathOf("cut.training/state.bin"));
        await File.WriteAllBytesAsync(PathOf("cut.training/state.bin"), state[..120]);
        var error = await Assert.ThrowsAsync<StreamingException>(async () =>
            await Training("cut", resume: true).TrainAsync(Parse(Recipe), PathOf("z"), false, null, CancellationToken.None));
        Assert.Equal("training_state_invalid", error.Code);
    }

    [Fact]
    public async Task TrainAsync_NoBetterForAWhile_EndsEarlyAndKeepsTheBest()
    {
        var recipe = Recipe.Replace("epochs: 4", "epochs: 400\n  early_stopping: {patience: 2}", StringComparison.Ordinal);
        await TrainAsync("early", recipe);
        var log = await File.ReadAllLinesAsync(PathOf("early.training/log.csv"));
        var averages = log.Where(l => l.Contains(",,dev_average,", StringComparison.Ordinal)).Select(l => double.Parse(l.Split(',')[3], System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.InRange(averages.Count, 3, 60);
        Assert.Equal(averages.Count - 3, averages.IndexOf(averages.Max()));
    }

    [Fact]
    public async Task TrainAsync_ContrastiveStage_PullsWordsToTheirDescription()
    {
        await TrainAsync("contrast", WithContrast(Recipe));
        var log = await File.ReadAllLinesAsync(PathOf("contrast.training/log.csv"));
        var losses = log.Where(l => l.Contains(",contrastive,loss,", StringComparison.Ordinal)).Select(l => double.Parse(l.Split(',')[3], System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.True(losses[^3..].Average() < 0.8 * losses[..3].Average(), $"{losses[..3].Average()} to {losses[^3..].Average()}");
    }

    [Fact]
    public async Task TrainAsync_SameRecipeTwice_GivesTheSameBundle()
    {
        var one = await TrainAsync("one", Recipe);
        var two = await TrainAsync("two", Recipe);
        Assert.Equal(one.Digest, two.Digest);
    }

    [Fact]
    public async Task FewShot_WithAndWithoutTheStage_MeasuresEachDraw()
    {
        var results = new List<FewShotResult>();
        var recipe = Parse(WithContrast(Recipe).Replace("kind: crf", "kind: softmax", StringComparison.Ordinal));
        await new FewShotExperiment(_checkpoint, _backend, _importer, _folder.FullName, TimeProvider.System).RunAsync(recipe, [2, 4], 2, results.Add, null, CancellationToken.None);
        Assert.Equal(8, results.Count);
        Assert.Equal(4, results.Count(r => r.Contrastive));
        Assert.All(results, r => Assert.InRange(r.MicroF1, 0, 1));
        Assert.True(results.Where(r => r.Shots == 4).Min(r => r.Sentences) > results.Where(r => r.Shots == 2).Max(r => r.Sentences) - 2);
        Assert.True(results.Where(r => r.Shots == 4).Average(r => r.MicroF1) > 0.3, string.Join(", ", results));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string WithContrast(string recipe) => recipe.Replace(
        "  sampling: square_root",
        "  sampling: annealed\n  contrastive: {head: ner, epochs: 3, learning_rate: 0.02, refresh_every: 9, descriptions: {PER: anna bob, LOC: rome oslo, O: then home}}",
        StringComparison.Ordinal);

    private static TrainingRecipe Parse(string yaml) => RecipeLoader.Parse(System.Text.Encoding.UTF8.GetBytes(yaml), "small.yaml");

    private EncoderTraining Training(string name, bool resume) =>
        new(_checkpoint, _backend, _importer, _folder.FullName, TimeProvider.System) { WorkDirectory = PathOf(name + ".training"), Resume = resume };

    private async Task<ModelBundle> TrainAsync(string name, string recipe) =>
        await Training(name, resume: false).TrainAsync(Parse(recipe), PathOf(name), false, null, CancellationToken.None);

    private static string Mood(SeededRandom random)
    {
        var good = random.Next(2) == 0;
        var words = Enumerable.Range(0, 3 + random.Next(5)).Select(_ => TinyCities.Plain[random.Next(TinyCities.Plain.Length)]).Append(good ? "fine" : "awful");
        return $"{string.Join(' ', words)}\t{(good ? "positive" : "negative")}\n";
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    private sealed class InlineProgress(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
