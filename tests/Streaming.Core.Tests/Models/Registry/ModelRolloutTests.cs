using Streaming.Contracts;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Registry;
using Streaming.Core.Tests.Models.Bundle;

namespace Streaming.Core.Tests.Models.Registry;

public sealed class ModelRolloutTests : IDisposable
{
    private static readonly RolloutPlan Plan = new() { Mode = RolloutMode.Progressive, CanaryShare = 0.2 };
    private static readonly ModelDecision ByGate = new(ModelDecision.Gate, ["It is better."]) { Metrics = new Dictionary<string, double> { ["ner.test.micro_f1.after"] = 0.9 }, Cycle = "c1" };
    private static readonly ModelDecision ByGuards = new(ModelDecision.Rollout, ["Within the guards."]) { Metrics = new Dictionary<string, double> { ["shadow.documents"] = 500 } };
    private static readonly ModelDecision ByHand = new(ModelDecision.Person, ["I want it."]);

    private readonly TemporaryFolder _folder = new();

    /// <summary>Opened anew each time, as after a kill: nothing is remembered but what is on disk.</summary>
    private ModelRegistry Registry => new(Path.Combine(_folder.Path, "registry"), TimeProvider.System);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task BeginRolloutAsync_Progressive_GoesThroughBothStagesIntoForce()
    {
        var (first, second) = await StartAsync();

        var shadow = await Registry.BeginRolloutAsync(ModelChannel.Stable, second, Plan, ByGate, default);
        Assert.Equal((first.Digest, second.Digest, RolloutStage.Shadow, Plan), (shadow.Current, shadow.Rollout!.Digest, shadow.Rollout.Stage, shadow.Rollout.Plan));
        var canary = await Registry.AdvanceAsync("tiny", ModelChannel.Stable, Now().Rollout!, ByGuards, default);
        Assert.Equal((first.Digest, RolloutStage.Canary), (canary.Current, canary.Rollout!.Stage));
        Assert.Empty(Registry.Audit());
        await Registry.AdvanceAsync("tiny", ModelChannel.Stable, Now().Rollout!, ByGuards, default);

        var now = Now();
        Assert.Equal((second.Digest, null), (now.Current, now.Rollout));
        Assert.Equal([first.Digest], now.Before);
        Assert.Equal([ModelEventKind.Promoted, ModelEventKind.Shadowed, ModelEventKind.Canaried, ModelEventKind.Promoted], now.Events.Select(static decided => decided.Kind));
        // The decision that puts in force says what the gate had measured, and by which retraining.
        Assert.Equal((0.9, 500d, "c1", ModelDecision.Rollout), (now.Events[^1].Metrics["ner.test.micro_f1.after"], now.Events[^1].Metrics["shadow.documents"], now.Events[^1].Cycle, now.Events[^1].DecidedBy));
    }

    [Fact]
    public async Task AdvanceAsync_StageIsOverAlready_ChangesNothing()
    {
        var (_, second) = await StartAsync();
        var seen = (await Registry.BeginRolloutAsync(ModelChannel.Stable, second, Plan, ByGate, default)).Rollout!;
        await Registry.AdvanceAsync("tiny", ModelChannel.Stable, seen, ByGuards, default);

        // Another process decides the same stage a moment later, or the other way.
        await Registry.AdvanceAsync("tiny", ModelChannel.Stable, seen, ByGuards, default);
        await Registry.WithdrawAsync("tiny", ModelChannel.Stable, seen, ByGuards, default);

        Assert.Equal((RolloutStage.Canary, 3L), (Now().Rollout!.Stage, Now().LastSequence));
    }

    [Fact]
    public async Task RollBackAsync_DuringACanary_EndsItAndNothingElse()
    {
        var (first, second) = await StartAsync();
        await Registry.BeginRolloutAsync(ModelChannel.Stable, second, Plan with { Mode = RolloutMode.Canary }, ByGate, default);

        var now = await Registry.RollBackAsync("tiny", ModelChannel.Stable, null, ByHand, default);

        Assert.Equal((first.Digest, null, ModelEventKind.Withdrawn, second.Digest), (now.Current, now.Rollout, now.Events[^1].Kind, now.Events[^1].Digest));
        Assert.Equal("model_nothing_before", (await Assert.ThrowsAsync<StreamingException>(() => Registry.RollBackAsync("tiny", ModelChannel.Stable, null, ByHand, default).AsTask())).Code);
    }

    [Fact]
    public async Task BeginRolloutAsync_AnotherUnderWay_GateWaitsPersonDisplaces()
    {
        var (_, second) = await StartAsync();
        var third = await AddAsync("3");
        await Registry.BeginRolloutAsync(ModelChannel.Stable, second, Plan, ByGate, default);

        foreach (var plan in new[] { Plan, new RolloutPlan() })
            Assert.Equal("rollout_under_way", (await Assert.ThrowsAsync<StreamingException>(() => Registry.BeginRolloutAsync(ModelChannel.Stable, third, plan, ByGate, default).AsTask())).Code);
        var now = await Registry.PromoteAsync(ModelChannel.Stable, third, ByHand, default);

        Assert.Equal((third.Digest, null), (now.Current, now.Rollout));
        Assert.Equal([ModelEventKind.Withdrawn, ModelEventKind.Promoted], now.Events.TakeLast(2).Select(static decided => decided.Kind));
    }

    [Fact]
    public async Task BeginRolloutAsync_Pinned_OnlyByAPerson()
    {
        var (first, second) = await StartAsync();
        await Registry.PinAsync("tiny", ModelChannel.Stable, true, ByHand, default);

        Assert.Equal("model_pinned", (await Assert.ThrowsAsync<StreamingException>(() => Registry.BeginRolloutAsync(ModelChannel.Stable, second, Plan, ByGate, default).AsTask())).Code);
        await Registry.BeginRolloutAsync(ModelChannel.Stable, second, Plan with { Mode = RolloutMode.Shadow }, ByHand, default);
        var now = await Registry.AdvanceAsync("tiny", ModelChannel.Stable, Now().Rollout!, ByGuards, default);

        // The guards are no person: what is pinned stays.
        Assert.Equal((first.Digest, null, ModelEventKind.Withdrawn), (now.Current, now.Rollout, now.Events[^1].Kind));
    }

    [Fact]
    public async Task BeginRolloutAsync_NothingInForceOrNoStage_SaysSoOrPromotes()
    {
        var bundle = await AddAsync("1");
        Assert.Equal("model_nothing_before", (await Assert.ThrowsAsync<StreamingException>(() => Registry.BeginRolloutAsync(ModelChannel.Stable, bundle, Plan, ByHand, default).AsTask())).Code);

        Assert.Equal(bundle.Digest, (await Registry.BeginRolloutAsync(ModelChannel.Stable, bundle, new RolloutPlan(), ByHand, default)).Current);
    }

    [Fact]
    public async Task CollectAsync_KeepsTheCandidateAndItsEvidenceUntilItIsOver()
    {
        var (_, second) = await StartAsync();
        var rollout = (await Registry.BeginRolloutAsync(ModelChannel.Stable, second, Plan, ByGate, default)).Rollout!;
        var evidence = Registry.EvidenceFolder("tiny", ModelChannel.Stable, rollout);
        AtomicFile.Write(Path.Combine(evidence, "p.json"), "{}"u8);

        Assert.Empty(await Registry.CollectAsync(0, default));
        Assert.True(Directory.Exists(evidence));
        await Registry.WithdrawAsync("tiny", ModelChannel.Stable, null, ByHand, default);

        Assert.Equal([second.Digest], await Registry.CollectAsync(0, default));
        Assert.False(Directory.Exists(evidence));
    }

    private ModelChannel Now() => Registry.Channel("tiny", ModelChannel.Stable);

    private async Task<(ModelBundle First, ModelBundle Second)> StartAsync()
    {
        var first = await AddAsync("1");
        await Registry.PromoteAsync(ModelChannel.Stable, first, ByHand, default);
        return (first, await AddAsync("2"));
    }

    private async Task<ModelBundle> AddAsync(string version) => await Registry.AddAsync(TinyBundle.Write(Path.Combine(_folder.Path, "made", version), version), default);
}
