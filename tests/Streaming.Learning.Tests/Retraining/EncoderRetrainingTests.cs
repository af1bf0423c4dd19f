using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Registry;
using Streaming.Learning.Blending;
using Streaming.Learning.Provenance;
using Streaming.Learning.Retraining;
using Streaming.Learning.Training;
using Streaming.Testing.Fakes;

namespace Streaming.Learning.Tests.Retraining;

/// <summary>Retrainings that train the encoder too.</summary>
public sealed class EncoderRetrainingTests
{
    private const string Recipe = """
        name: cities
        version: 0.0.1
        seed: 5
        licence: CC-BY-4.0
        data_sets: {mine: {format: jsonl, licence: CC0-1.0}}
        fine_tuning: {epochs: 4, learning_rate: 0.01, max_batch_tokens: 64, max_length: 32, dropout: 0}
        heads:
          - {name: ner, task: ner, kind: crf, layers: [1], labels: [PER, LOC], train: [{set: mine, file: a}], dev: [{set: mine, file: b}], test: [{set: mine, file: c}]}

        """;

    private const string Two = Recipe + """
          - {name: mood, task: sentiment, kind: softmax, layers: [2], labels: [impersonal, personal], train: [{set: mine, file: a}], dev: [{set: mine, file: b}], test: [{set: mine, file: c}]}
        """;

    [Fact]
    public async Task RunAsync_GoodLabels_PromotesAnotherEncoderAndSaysHow()
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner");
        await world.LabelAsync(120);
        await world.LabelAsync(80, kind: LabellerKind.Person);
        await world.LabelAsync(40, control: true);
        var before = world.InForce;

        var outcome = (await world.TuningCycle(Recipe).RunAsync(RetrainTriggers.Count, default))!;

        Assert.True(outcome.Promoted, string.Join(' ', outcome.Reasons));
        Assert.True(outcome.Metrics["ner.test.micro_f1.after"] > outcome.Metrics["ner.test.micro_f1.before"] + 0.05);
        Assert.Equal((200, "1-r1"), (outcome.Labels, outcome.Version));
        var after = world.InForce;
        Assert.Equal(("tiny", "tiny@1", outcome.Digest), (after.Manifest.Name, after.Manifest.Parent, after.Digest));
        Assert.NotEqual(before.Manifest.Files["encoder.onnx"].Sha256, after.Manifest.Files["encoder.onnx"].Sha256);
        Assert.Equal([1], after.Manifest.Heads[0].Layers);
        Assert.True(after.Manifest.Heads[0].Metrics["test.micro_f1"] > 0.8);
        Assert.Equal("checkpoint by tiny, 4 epochs, blend simple_mix", after.Manifest.Training!.FineTuned);
        var lineage = new LineageReader(world.Registry, world.Samples).OfModel("tiny@1-r1")!.Bundles[0];
        Assert.Equal((after.Manifest.Training.FineTuned, 200, "t-1"), (lineage.FineTuned, lineage.Labels, lineage.Cycle));
        Assert.Contains("people (ner, train)", lineage.Data);
        Assert.Contains("labelled samples of t", lineage.Data);
        Assert.Equal(0, (await world.TuningCycle(Recipe).WaitingAsync(default))[HeadTask.Ner]);
        Assert.Empty(world.Registry.Audit());
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(world.Registry.Directory, "retraining", "work")));
    }

    [Fact]
    public async Task RunAsync_HeadAloneAfterwards_KeepsTheTrainedEncoder()
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner");
        await world.LabelAsync(120);
        Assert.True((await world.TuningCycle(Recipe).RunAsync(RetrainTriggers.Count, default))!.Promoted);
        var tuned = world.InForce.Manifest;
        await world.LabelAsync(20);

        ModelManifest? candidate = null;
        await world.Cycle(step =>
        {
            if (step == "judge")
                candidate = ModelBundle.Open(Path.Combine(world.Registry.Directory, "retraining", "work", "t-2", "candidate")).Manifest;
        }).RunAsync(RetrainTriggers.Manual, default);

        Assert.Equal(("1-r2", tuned.Encoder.Sha256, tuned.Training!.FineTuned), (candidate!.Version, candidate.Encoder.Sha256, candidate.Training!.FineTuned));
    }

    [Fact]
    public async Task RunAsync_TwoHeads_TheOneWithoutLabelsLearnsFromOriginals()
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner", "mood");
        Moods(world);
        await world.LabelAsync(200);

        var outcome = (await world.TuningCycle(Two.Replace("epochs: 4", "epochs: 8", StringComparison.Ordinal)).RunAsync(RetrainTriggers.Count, default))!;

        Assert.True(outcome.Promoted, string.Join(' ', outcome.Reasons));
        Assert.True(outcome.Metrics["mood.test.micro_f1.after"] > outcome.Metrics["mood.test.micro_f1.before"]);
        Assert.Equal(200, outcome.Labels);
        Assert.Equal(2, world.Backend.Last!.Heads.Count);
    }

    [Theory]
    [InlineData(BlendStrategy.Distilled)]
    [InlineData(BlendStrategy.All)]
    [InlineData(BlendStrategy.Original)]
    public async Task RunAsync_MachinesAreWrong_TheBlendDecidesWhatComesOfIt(BlendStrategy strategy)
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner");
        world.Plan = world.Plan with { Blend = world.Plan.Blend with { Strategy = strategy }, MaxSourceShare = 1 };
        await world.LabelAsync(120, static label => label == "PER" ? "LOC" : "PER");
        await world.LabelAsync(120, kind: LabellerKind.Person);

        var outcome = (await world.TuningCycle(Recipe).RunAsync(RetrainTriggers.Count, default))!;

        Assert.Equal(240, outcome.Labels);
        var f1 = outcome.Metrics["ner.test.micro_f1.after"];
        if (strategy == BlendStrategy.Original)
            Assert.True(f1 > 0.8, $"F1 {f1}");
        if (strategy == BlendStrategy.Distilled)
            Assert.True(f1 < 0.3, $"F1 {f1}");
    }

    [Fact]
    public async Task RunAsync_WrongLabels_IsRefusedAndNothingChanges()
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner");
        await world.LabelAsync(150, static label => label == "PER" ? "LOC" : "PER");
        var before = world.InForce.Digest;

        var outcome = (await world.TuningCycle(Recipe).RunAsync(RetrainTriggers.Manual, default))!;

        Assert.False(outcome.Promoted);
        Assert.Equal(before, world.InForce.Digest);
        Assert.Equal(ModelEventKind.Refused, world.Registry.Channel("tiny", ModelChannel.Stable).Events[^1].Kind);
        Assert.Contains("no gain", outcome.Reasons[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_SlowerEncoder_IsRefusedForTheTimeOfTheWhole()
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner");
        world.Plan = world.Plan with { Gate = world.Plan.Gate with { MaxLatencyRatio = 1.5 } };
        await world.LabelAsync(150);
        var time = new ManualTimeProvider();
        var parent = world.InForce.Directory;

        var outcome = (await world.TuningCycle(
            Recipe, time: time, open: bundle => new SlowRunner(world.Open(bundle), time, TimeSpan.FromMilliseconds(bundle.Directory == parent ? 10 : 40)), recent: ["we went to rome", "anna and bob", "then home", "see oslo"])
            .RunAsync(RetrainTriggers.Count, default))!;

        Assert.False(outcome.Promoted);
        Assert.Equal(4, outcome.Metrics["ner.latency.ratio"], 1e-9);
        Assert.Equal(4, outcome.Metrics["ner.replay.texts"]);
        Assert.Contains("encoder and head take 4.00 times as long", outcome.Reasons.Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("begin")]
    [InlineData("train")]
    [InlineData("judge")]
    [InlineData("decide")]
    [InlineData("finish")]
    public async Task RunAsync_DiesBeforeAStep_TheNextGoesOnAndDecidesOnce(string step)
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner");
        await world.LabelAsync(120);

        await DieAsync(world.TuningCycle(Recipe, Dying(step)));
        var updates = world.Backend.Updates;

        await GoesOnAsync(world, step == "begin");
        // What was trained is not trained again.
        Assert.Equal(step is "begin" or "train", world.Backend.Updates > updates);
    }

    [Theory]
    [InlineData("fine-tune", 3)]
    [InlineData("fine-tune", 40)]
    [InlineData("develop", 0)]
    [InlineData("import", 0)]
    [InlineData("measure", 0)]
    [InlineData("write", 0)]
    public async Task RunAsync_DiesInTheTraining_TheNextGoesOnFromTheCheckpoint(string stage, int done)
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner");
        await world.LabelAsync(120);
        var steps = 0;

        await DieAsync(world.TuningCycle(Recipe, progress: new Reporter(at =>
        {
            steps = at.Stage == "fine-tune" ? at.Total : steps;
            if (at.Stage == stage && at.Done >= done)
                throw new TimeoutException("it died");
        })));

        Assert.True(steps > 44, $"{steps} steps");
        await GoesOnAsync(world, beforeBegin: false);
        // An epoch at most is gone through twice.
        Assert.InRange(world.Backend.Updates, steps, steps + (steps / 4) + 1);
    }

    [Fact]
    public async Task RunAsync_OtherSettingsAfterACrash_BeginsTheTrainingAnew()
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner");
        await world.LabelAsync(120);
        await DieAsync(world.TuningCycle(Recipe, progress: new Reporter(static at => Dying("import")(at.Stage))));

        var outcome = (await world.TuningCycle(Recipe.Replace("epochs: 4", "epochs: 5", StringComparison.Ordinal)).RunAsync(RetrainTriggers.Count, default))!;

        Assert.Equal("t-1", outcome.Id);
        Assert.Equal("checkpoint by tiny, 5 epochs, blend simple_mix", world.Registry.Manifest(outcome.Digest!)!.Training!.FineTuned);
    }

    [Fact]
    public async Task RunAsync_HeadsAloneAfterACrash_TrainsThemOnTheEncoderInForce()
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner");
        await world.LabelAsync(120);
        var before = world.InForce.Manifest.Encoder.Sha256;
        await DieAsync(world.TuningCycle(Recipe, Dying("decide")));
        ModelManifest? candidate = null;

        var outcome = (await world.Cycle(step =>
        {
            if (step == "judge")
                candidate = ModelBundle.Open(Path.Combine(world.Registry.Directory, "retraining", "work", "t-1", "candidate")).Manifest;
        }).RunAsync(RetrainTriggers.Count, default))!;

        Assert.Equal(("t-1", before), (outcome.Id, candidate!.Encoder.Sha256));
    }

    [Fact]
    public async Task RunAsync_RecipeThatDoesNotFitAfterACrash_IsRefusedAndCanBePutRight()
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner");
        await world.LabelAsync(120);
        await DieAsync(world.Cycle(Dying("train")));

        var error = await Assert.ThrowsAsync<StreamingException>(() => world.TuningCycle(Recipe.Replace("[PER, LOC]", "[LOC, PER]", StringComparison.Ordinal)).RunAsync(RetrainTriggers.Manual, default).AsTask());
        var outcome = (await world.TuningCycle(Recipe).RunAsync(RetrainTriggers.Manual, default))!;

        Assert.Equal("retraining_recipe_differs", error.Code);
        Assert.Equal(("t-1", true), (outcome.Id, outcome.Promoted));
    }

    [Fact]
    public async Task RunAsync_FewLabels_EndsWithoutAModelAndSaysWhy()
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner");
        await world.LabelAsync(1);

        var outcome = (await world.TuningCycle(Recipe).RunAsync(RetrainTriggers.Manual, default))!;

        Assert.Null(outcome.Promoted);
        Assert.Contains("too few labelled texts (1)", outcome.Reasons.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_TrainingDiverges_EndsWithoutAModelAndIsNotTriedForever()
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner");
        await world.LabelAsync(60);
        world.Backend.DivergesAt = 3;

        var outcome = (await world.TuningCycle(Recipe).RunAsync(RetrainTriggers.Count, default))!;

        Assert.Null(outcome.Promoted);
        Assert.Contains("Lower learning_rate", outcome.Reasons.Single(), StringComparison.Ordinal);
        Assert.False(world.TuningCycle(Recipe).IsOpen);
    }

    [Fact]
    public async Task RunAsync_OriginalsOnlyOfLabelsByMachines_EndsWithoutAModelAndSaysWhy()
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner");
        world.Plan = world.Plan with { Blend = world.Plan.Blend with { Strategy = BlendStrategy.Original } };
        await world.LabelAsync(60);

        var outcome = (await world.TuningCycle(Recipe).RunAsync(RetrainTriggers.Manual, default))!;

        Assert.Null(outcome.Promoted);
        Assert.Contains("blend original leaves", outcome.Reasons.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_HeadWithoutLabels_IsRefusedWithTheWayOut()
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner", "mood");
        Moods(world);
        world.Plan = world.Plan with { Originals = new Dictionary<HeadTask, string>() };
        await world.LabelAsync(60);

        await RefusedAsync(world, Two, "retraining_task_untaught", "retraining.originals.sentiment");
    }

    [Fact]
    public async Task RunAsync_HeadWithoutTestSet_IsRefusedWithTheWayOut()
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner", "mood");
        await world.LabelAsync(60);

        await RefusedAsync(world, Two, "retraining_task_unproven", "retraining.test.sentiment");
    }

    [Theory]
    [InlineData("labels: [PER, LOC]", "labels: [LOC, PER]")]
    [InlineData("name: ner, task: ner", "name: names, task: ner")]
    [InlineData("task: ner", "task: absa")]
    public async Task RunAsync_RecipeOfOtherHeads_IsRefused(string old, string other)
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner");
        await world.LabelAsync(60);

        await RefusedAsync(world, Recipe.Replace(old, other, StringComparison.Ordinal), "retraining_recipe_differs", "head");
    }

    [Theory]
    [InlineData("fine_tuning: {epochs: 4, learning_rate: 0.01, max_batch_tokens: 64, max_length: 32, dropout: 0}\n", "", "no section fine_tuning")]
    [InlineData("epochs: 4", "steps: 4", "Say fine_tuning.epochs")]
    public async Task New_RecipeThatCannotRetrain_IsRefused(string old, string other, string says)
    {
        using var world = await RetrainWorld.CreateTunedAsync("ner");

        var error = Assert.Throws<StreamingException>(() => world.TuningCycle(Recipe.Replace(old, other, StringComparison.Ordinal)));

        Assert.Equal("recipe_invalid", error.Code);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    private static void Moods(RetrainWorld world) => world.Plan = world.Plan with
    {
        Tasks = [HeadTask.Ner, HeadTask.Sentiment],
        Tests = new Dictionary<HeadTask, string> { [HeadTask.Ner] = world.TestFile, [HeadTask.Sentiment] = world.MoodTests },
        Originals = new Dictionary<HeadTask, string> { [HeadTask.Sentiment] = world.MoodOriginals },
    };

    private static Task DieAsync(RetrainCycle cycle) => Assert.ThrowsAsync<TimeoutException>(() => cycle.RunAsync(RetrainTriggers.Count, default).AsTask());

    private static Action<string> Dying(string before) => step =>
    {
        if (step == before)
            throw new TimeoutException("it died");
    };

    private static async Task GoesOnAsync(RetrainWorld world, bool beforeBegin)
    {
        Assert.Empty(world.Registry.Audit());
        Assert.Equal(!beforeBegin, world.TuningCycle(Recipe).IsOpen);
        await world.LabelAsync(10);

        var outcome = (await world.TuningCycle(Recipe).RunAsync(RetrainTriggers.Count, default))!;

        // What was labelled after the begin is for the next retraining.
        Assert.Equal(("t-1", beforeBegin ? 130 : 120), (outcome.Id, outcome.Labels));
        Assert.True(outcome.Promoted, string.Join(' ', outcome.Reasons));
        Assert.Single(world.Registry.Channel("tiny", ModelChannel.Stable).Events, static decided => decided.Cycle == "t-1");
        Assert.Equal(beforeBegin ? 0 : 10, (await world.TuningCycle(Recipe).WaitingAsync(default))[HeadTask.Ner]);
        Assert.Empty(world.Registry.Audit());
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(world.Registry.Directory, "retraining", "work")));
    }

    /// <summary>Refused before anything was begun: with the way out taken, the next try begins the first retraining.</summary>
    private static async Task RefusedAsync(RetrainWorld world, string recipe, string code, string says)
    {
        var error = await Assert.ThrowsAsync<StreamingException>(() => world.TuningCycle(recipe).RunAsync(RetrainTriggers.Manual, default).AsTask());

        Assert.Equal(code, error.Code);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.False(world.TuningCycle(recipe).IsOpen);
        Assert.Single(world.Registry.Channel("tiny", ModelChannel.Stable).Events);
    }

    private sealed class Reporter(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }

    private sealed class SlowRunner(IModelRunner runner, ManualTimeProvider time, TimeSpan takes) : IModelRunner
    {
        public EncoderInfo Info => runner.Info;

        public ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken)
        {
            time.Advance(takes);
            return runner.RunAsync(batch, cancellationToken);
        }

        public ValueTask DisposeAsync() => runner.DisposeAsync();
    }
}
