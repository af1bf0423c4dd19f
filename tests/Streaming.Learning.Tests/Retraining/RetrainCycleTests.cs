using Streaming.Contracts;
using Streaming.Core.Models.Registry;
using Streaming.Learning.Retraining;

namespace Streaming.Learning.Tests.Retraining;

public sealed class RetrainCycleTests
{
    [Fact]
    public async Task RunAsync_GoodLabels_PromotesABetterHeadAndSaysWhy()
    {
        using var world = await RetrainWorld.CreateAsync();
        await world.LabelAsync(250);
        await world.LabelAsync(40, control: true);
        var before = world.InForce;
        Assert.Equal(250, (await world.Cycle().WaitingAsync(default))[Core.Models.Bundle.HeadTask.Ner]);

        var outcome = (await world.Cycle().RunAsync(RetrainTriggers.Count, default))!;

        Assert.True(outcome.Promoted, string.Join(' ', outcome.Reasons));
        Assert.True(outcome.Metrics["ner.test.micro_f1.after"] > outcome.Metrics["ner.test.micro_f1.before"] + 0.05);
        Assert.Equal((250, "1-r1"), (outcome.Labels, outcome.Version));
        var after = world.InForce;
        Assert.Equal(("hash@1", outcome.Digest), (after.Manifest.Parent, after.Digest));
        Assert.Equal(before.Manifest.Files["encoder.onnx"].Sha256, after.Manifest.Files["encoder.onnx"].Sha256);
        Assert.NotEqual(before.Identity.Heads["ner"], after.Identity.Heads["ner"]);
        var decided = world.Registry.Channel("hash", ModelChannel.Stable).Events[^1];
        Assert.Equal((ModelEventKind.Promoted, ModelDecision.Gate, "t-1"), (decided.Kind, decided.DecidedBy, decided.Cycle));
        Assert.Contains(decided.Reasons, static reason => reason.Contains("control slice", StringComparison.Ordinal));
        Assert.Equal(250, new RetrainJournal(world.Registry, "t").ReadLedger("t-1").Count);
        Assert.Equal(0, (await world.Cycle().WaitingAsync(default))[Core.Models.Bundle.HeadTask.Ner]);
        Assert.Empty(world.Registry.Audit());
    }

    [Fact]
    public async Task RunAsync_SecondRound_StandsOnTheFirst()
    {
        using var world = await RetrainWorld.CreateAsync();
        await world.LabelAsync(30);
        Assert.True((await world.Cycle().RunAsync(RetrainTriggers.Count, default))!.Promoted);
        await world.LabelAsync(400);

        var second = (await world.Cycle().RunAsync(RetrainTriggers.Count, default))!;

        Assert.Equal(("1-r2", 430), (second.Version, second.Labels));
        Assert.Equal(second.Promoted is true ? "hash@1-r1" : "hash@1", world.InForce.Manifest.Parent);
    }

    [Fact]
    public async Task RunAsync_SpoiltHead_IsRefusedAndNothingChanges()
    {
        using var world = await RetrainWorld.CreateAsync();
        await world.LabelAsync(200);
        var before = world.InForce.Digest;

        var outcome = (await world.Cycle(spoil: static head => head with { Bias = [.. head.Bias.Reverse()], Weights = [.. head.Weights.Select(static w => -w)] }).RunAsync(RetrainTriggers.Manual, default))!;

        Assert.False(outcome.Promoted);
        Assert.Equal(before, world.InForce.Digest);
        Assert.Equal(ModelEventKind.Refused, world.Registry.Channel("hash", ModelChannel.Stable).Events[^1].Kind);
        Assert.Contains("no gain", outcome.Reasons[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_PoisonedLabelsFromOneSource_PromoteNothingInTwentyTries()
    {
        for (var attempt = 0; attempt < 20; attempt++)
        {
            using var world = await RetrainWorld.CreateAsync(seed: 60);
            Func<string, string?> poison = (attempt % 4) switch
            {
                0 => static label => label == "PER" ? "LOC" : "PER",
                1 => static _ => null,
                2 => static _ => "PER",
                _ => static label => label == "LOC" ? null : "LOC",
            };
            await world.LabelAsync(150 + (attempt * 10), poison, "attacker");

            var outcome = (await world.Cycle().RunAsync(RetrainTriggers.Count, default))!;

            Assert.False(outcome.Promoted, $"try {attempt}: {string.Join(' ', outcome.Reasons)}");
        }
    }

    [Fact]
    public async Task RunAsync_NothingLabelled_EndsWithoutAModel()
    {
        using var world = await RetrainWorld.CreateAsync();

        var outcome = (await world.Cycle().RunAsync(RetrainTriggers.Manual, default))!;

        Assert.Null(outcome.Promoted);
        Assert.Single(world.Registry.Channel("hash", ModelChannel.Stable).Events);
    }

    [Fact]
    public async Task RunAsync_AnotherIsAtIt_DoesNothing()
    {
        using var world = await RetrainWorld.CreateAsync();
        await world.LabelAsync(50);
        using var other = new RetrainJournal(world.Registry, "t").TryLock();

        Assert.Null(await world.Cycle().RunAsync(RetrainTriggers.Manual, default));
    }

    [Theory]
    [InlineData("begin")]
    [InlineData("train")]
    [InlineData("judge")]
    [InlineData("decide")]
    [InlineData("finish")]
    public async Task RunAsync_DiesBeforeAStep_TheNextGoesOnAndDecidesOnce(string step)
    {
        using var world = await RetrainWorld.CreateAsync();
        await world.LabelAsync(120);

        await Assert.ThrowsAsync<TimeoutException>(() => world.Cycle(at =>
        {
            if (at == step)
                throw new TimeoutException("it died");
        }).RunAsync(RetrainTriggers.Count, default).AsTask());
        Assert.Empty(world.Registry.Audit());
        Assert.Equal(step != "begin", world.Cycle().IsOpen);
        await world.LabelAsync(10);
        var outcome = (await world.Cycle().RunAsync(RetrainTriggers.Count, default))!;

        // What was labelled after the begin is for the next retraining.
        Assert.Equal(("t-1", step == "begin" ? 130 : 120), (outcome.Id, outcome.Labels));
        Assert.Single(world.Registry.Channel("hash", ModelChannel.Stable).Events, decided => decided.Cycle == "t-1");
        Assert.Equal(step == "begin" ? 0 : 10, (await world.Cycle().WaitingAsync(default))[Core.Models.Bundle.HeadTask.Ner]);
        Assert.Empty(world.Registry.Audit());
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(world.Registry.Directory, "retraining", "work")));
    }

    [Fact]
    public async Task RunAsync_AnotherPromotedMeanwhile_IsRefused()
    {
        using var world = await RetrainWorld.CreateAsync();
        await world.LabelAsync(60);
        Assert.True((await world.Cycle().RunAsync(RetrainTriggers.Count, default))!.Promoted);
        await world.LabelAsync(300);

        var outcome = (await world.Cycle(step =>
        {
            if (step == "judge")
                world.RollBack();
        }).RunAsync(RetrainTriggers.Count, default))!;

        Assert.False(outcome.Promoted);
        Assert.Equal("1", world.InForce.Manifest.Version);
        Assert.Contains("Another model", outcome.Reasons[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_PinnedChannel_IsNotReplaced()
    {
        using var world = await RetrainWorld.CreateAsync();
        await world.LabelAsync(200);
        await world.Registry.PinAsync("hash", ModelChannel.Stable, true, new ModelDecision(ModelDecision.Person, ["hold"]), default);

        var outcome = (await world.Cycle().RunAsync(RetrainTriggers.Count, default))!;

        Assert.False(outcome.Promoted);
        Assert.Contains("pinned", outcome.Reasons[0], StringComparison.Ordinal);
    }
}
