using Streaming.Contracts;
using Streaming.Core.Engine;
using Streaming.Core.Engine.Channels;
using Streaming.Core.Models;
using Streaming.Core.Models.Registry;
using Streaming.Learning.Promotion;
using Streaming.Learning.Retraining;
using Streaming.Learning.Tests.Retraining;
using Streaming.Testing.Engine;
using Streaming.Testing.Fakes;
using Annotations = Streaming.Core.Models.Annotations;

namespace Streaming.Learning.Tests.Promotion;

/// <summary>A retrained model on its way into force beside a stream; the process is another one at every step, as after a kill.</summary>
public sealed class RolloutPipelineTests
{
    private const int DocumentsAStep = 80;
    private const int MostSteps = 500;

    private static readonly IReadOnlyList<LabelTask> Tasks = [LabelTask.Entities, LabelTask.Topics, LabelTask.Sentiment];

    // No test may hang on what a fake takes.
    private static readonly RolloutPlan Plan = new()
    {
        Mode = RolloutMode.Progressive, ShadowShare = 1, ShadowRate = 1_000_000, MaxOverhead = 1_000_000, ShadowDocuments = 200, CanaryShare = 0.4, CanaryDocuments = 100, MaxLatencyRatio = 1_000_000,
    };

    [Fact]
    public async Task Rollout_GoodCandidate_GoesThroughShadowAndCanaryIntoForceAcrossRestarts()
    {
        using var world = await BeginAsync(Plan);
        var before = world.InForce.Digest;
        var candidate = Now(world).Rollout!.Digest;

        var versions = await DriveAsync(world, static () => new FakeModel("2"));

        var now = Now(world);
        Assert.True(now.Events[^1].Kind == ModelEventKind.Promoted, string.Join(' ', now.Events[^1].Reasons));
        Assert.Equal((candidate, null), (now.Current, now.Rollout));
        Assert.Equal([before], now.Before);
        Assert.Equal([ModelEventKind.Promoted, ModelEventKind.Shadowed, ModelEventKind.Canaried, ModelEventKind.Promoted], now.Events.Select(static decided => decided.Kind));
        Assert.Equal((ModelDecision.Rollout, "t-1", 1.0), (now.Events[^1].DecidedBy, now.Events[^1].Cycle, now.Events[^1].Metrics["canary.entities.agreement"]));
        Assert.All(versions[RolloutStage.Shadow], static version => Assert.Equal("1", version));
        Assert.InRange(versions[RolloutStage.Canary].Count(static version => version == "2"), 100, versions[RolloutStage.Canary].Count - 1);
        Assert.Empty(world.Registry.Audit());
    }

    [Theory]
    [InlineData(RolloutMode.Shadow, true)]
    [InlineData(RolloutMode.Shadow, false)]
    [InlineData(RolloutMode.Canary, true)]
    [InlineData(RolloutMode.Canary, false)]
    public async Task Rollout_BadCandidate_IsWithdrawnAndCostsNoDocument(RolloutMode mode, bool fails)
    {
        using var world = await BeginAsync(Plan with { Mode = mode });
        var before = world.InForce.Digest;

        await DriveAsync(world, () => fails ? new FakeModel("2") { BeforeRun = static (_, _) => throw new ArithmeticException("always") } : new DulledModel());

        var now = Now(world);
        Assert.Equal((before, null, ModelEventKind.Withdrawn, ModelDecision.Rollout), (now.Current, now.Rollout, now.Events[^1].Kind, now.Events[^1].DecidedBy));
        Assert.NotEmpty(now.Events[^1].Reasons);
        Assert.Empty(now.Before);
    }

    [Fact]
    public async Task Rollout_RolledBackDuringTheCanary_EndsAtOnce()
    {
        using var world = await BeginAsync(Plan with { Mode = RolloutMode.Canary, CanaryDocuments = 1_000_000 });
        var (before, seen) = (world.InForce.Digest, Now(world).Rollout!);
        var process = Control(world);
        await StepAsync(process, seen, new FakeModel("2"));

        world.RollBack();

        // The process that still had the candidate decides nothing any more.
        Assert.False(await process.StepAsync(default));
        var now = Now(world);
        Assert.Equal((before, null, ModelEventKind.Withdrawn, ModelDecision.Person), (now.Current, now.Rollout, now.Events[^1].Kind, now.Events[^1].DecidedBy));
    }

    [Fact]
    public async Task RunAsync_RolloutUnderWay_TrainsNoOther()
    {
        using var world = await BeginAsync(Plan);
        await world.LabelAsync(100);

        Assert.True(world.Cycle().IsOnTrial);
        Assert.Equal("rollout_under_way", (await Assert.ThrowsAsync<Core.StreamingException>(() => world.Cycle().RunAsync(RetrainTriggers.Manual, default).AsTask())).Code);
        Assert.False(world.Cycle().IsOpen);
    }

    private static async Task<RetrainWorld> BeginAsync(RolloutPlan plan)
    {
        var world = await RetrainWorld.CreateAsync();
        world.Plan = world.Plan with { Rollout = plan };
        await world.LabelAsync(250);
        var outcome = (await world.Cycle().RunAsync(RetrainTriggers.Count, default))!;
        Assert.Equal((true, plan.First!.Value.ToName()), (outcome.Promoted, outcome.Stage));
        return world;
    }

    /// <returns>Versions of the documents by stage.</returns>
    private static async Task<Dictionary<RolloutStage, List<string>>> DriveAsync(RetrainWorld world, Func<IEnrichmentModel> candidate)
    {
        var versions = new Dictionary<RolloutStage, List<string>> { [RolloutStage.Shadow] = [], [RolloutStage.Canary] = [] };
        for (var step = 0; step < MostSteps && Now(world).Rollout is { } stage; step++)
            versions[stage.Stage].AddRange(await StepAsync(Control(world), stage, candidate()));
        return versions;
    }

    private static async Task<IEnumerable<string>> StepAsync(RolloutControl process, ModelRollout stage, IEnrichmentModel candidate)
    {
        await using var slot = new ModelSlot(new FakeModel("1"));
        await slot.TryAsync((_, _) => new(candidate), process.Enter(stage), default);
        var pipeline = new PipelineWorld(new ChannelEngine(), 2) { ModelSource = slot };
        // Every step has the same few documents, so a canary's share of them never grows like the counts do: all must have the same labels.
        pipeline.Append(DocumentsAStep, text: static i => $"text number {i:D3} of Someone is good");
        await pipeline.RunAsync();
        await process.StepAsync(default);
        pipeline.AssertSound();
        Assert.Empty(pipeline.Letters.Letters);
        Assert.Equal(DocumentsAStep, pipeline.Sink.Documents.Count);
        return pipeline.Sink.Documents.Values.Select(static document => document.Lineage.ModelVersion);
    }

    private static RolloutControl Control(RetrainWorld world) => new(world.Registry, "hash", ModelChannel.Stable, "t", Tasks, TimeProvider.System);

    private static ModelChannel Now(RetrainWorld world) => world.Registry.Channel("hash", ModelChannel.Stable);

    /// <summary>Computes everything, finds no name, and is sure of nothing.</summary>
    private sealed class DulledModel : IEnrichmentModel
    {
        private readonly FakeModel _inner = new("2");

        public ModelIdentity Identity => _inner.Identity;

        public IModelRunner Runner => _inner;

        public StageOutcome<PreparedDocument> Prepare(TextMessage message) => _inner.Prepare(message);

        public void Accept(PreparedDocument document, int window, EncoderOutput output, int row) => _inner.Accept(document, window, output, row);

        public Annotations Complete(PreparedDocument document) => _inner.Complete(document) with
        {
            Entities = [],
            Sentiment = new SentimentAnnotation("negative", 0.4, [new LabelScore("negative", 0.4)]),
        };

        public ValueTask DisposeAsync() => _inner.DisposeAsync();
    }
}
