using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Testing.Engine;
using Streaming.Testing.Fakes;

namespace Streaming.Testing.Conformance;

/// <summary>What every <see cref="IPipelineEngine"/> does while something it needs refuses, withholds or is away: waits within its bound, and gives nothing up for it.</summary>
public abstract class PipelineEngineOutageConformance
{
    /// <summary>The engine under test.</summary>
    protected abstract IPipelineEngine CreateEngine();

    /// <summary>A world for the engine under test.</summary>
    protected PipelineWorld World(int partitions = 1, FakeModel? model = null) => new(CreateEngine(), partitions, model);

    [Fact]
    public async Task RunAsync_SinkRefusesSome_OnlyTheyBecomeDeadLetters()
    {
        var world = World();
        world.Sink.Reject = write => write.Id.EndsWith('3') ? "mapping conflict" : null;
        world.Append(100);
        await world.RunAsync();
        world.AssertSound();
        Assert.Equal(10, world.Letters.Letters.Count);
        Assert.All(world.Letters.Letters, letter => Assert.Equal((ErrorCodes.SinkRejected, "mapping conflict"), (letter.Code, letter.Reason)));
        Assert.Equal(90, world.Sink.Documents.Count);
    }

    [Fact]
    public async Task RunAsync_AcknowledgementWithheld_NothingIsCommittedOrReadBeyondTheBound()
    {
        var world = World();
        world.Append(500);
        world.Sink.Hold();
        await using var source = world.Log.Consume();
        var run = world.StartAsync(source);
        await PipelineWorld.UntilAsync(() => source.Delivered == world.Batching.MaxQueueSize && world.Sink.Calls == 1);
        await Task.Delay(50);
        Assert.Equal(0, world.Log.TotalCommitted);
        Assert.Equal(world.Batching.MaxQueueSize, source.Delivered);
        world.Sink.LetGo();
        await run.WaitAsync(PipelineWorld.Patience);
        world.AssertSound();
    }

    [Fact]
    public async Task RunAsync_ByteBudget_IsNotExceededByMoreThanOneMessage()
    {
        var world = World();
        world.Batching = world.Batching with { MaxQueueBytes = 10_000, MaxQueueSize = 1_000 };
        var text = new string('x', 1_000);
        world.Append(60, text: _ => text);
        world.Sink.Hold();
        await using var source = world.Log.Consume();
        var run = world.StartAsync(source);
        await PipelineWorld.UntilAsync(() => world.Sink.Calls == 1 && world.Progress.Snapshot().InFlightBytes >= 10_000);
        await Task.Delay(50);
        Assert.InRange(world.Progress.Snapshot().InFlightBytes, 10_000, 11_100);
        world.Sink.LetGo();
        await run.WaitAsync(PipelineWorld.Patience);
        world.AssertSound();
    }

    [Fact]
    public async Task RunAsync_OneMessageAboveTheByteBudget_StillGoesThrough()
    {
        var world = World();
        world.Batching = world.Batching with { MaxQueueBytes = 100 };
        world.Append(5, text: _ => new string('x', 5_000));
        await world.RunAsync();
        world.AssertSound();
    }

    [Fact]
    public async Task RunAsync_SinkAway_WaitsTellsOnceAndDeadLettersNothing()
    {
        var world = World();
        world.Sink.BeforeApply = call =>
        {
            if (call <= 5)
                throw new DependencyUnavailableException("sink_away", "the sink is away");
        };
        world.Append(30);
        await world.RunAsync();
        world.AssertSound();
        Assert.Empty(world.Letters.Letters);
        Assert.Equal(
            [PipelineNoticeKind.DependencyLost, PipelineNoticeKind.DependencyBack],
            world.Notices.Select(notice => notice.Kind));
    }

    [Fact]
    public async Task RunAsync_AnswerLostAfterApply_WritesAgainWithoutHarm()
    {
        var world = World();
        world.Sink.BeforeAcknowledge = call =>
        {
            if (call % 2 == 1)
                throw new DependencyUnavailableException("sink_away", "the answer was lost");
        };
        world.Append(60);
        await world.RunAsync();
        world.AssertSound();
        Assert.Equal(60, world.Sink.Documents.Count);
    }

    [Fact]
    public async Task RunAsync_DeadLettersAway_WaitsForThem()
    {
        var world = World();
        var calls = 0;
        world.Letters.BeforeStore = () =>
        {
            if (++calls <= 3)
                throw new DependencyUnavailableException("letters_away", "the dead letters are away");
        };
        world.Log.Append(new byte[] { 0xFF }, "bad");
        world.Append(10);
        await world.RunAsync();
        world.AssertSound();
        Assert.Single(world.Letters.Letters);
    }

    [Fact]
    public async Task RunAsync_CommitFails_IsTriedAgain()
    {
        var world = World();
        world.Append(50);
        await using var source = world.Log.Consume();
        var calls = 0;
        source.BeforeCommit = _ =>
        {
            if (++calls <= 3)
                throw new DependencyUnavailableException("broker_away", "the broker is away");
        };
        await world.StartAsync(source).WaitAsync(PipelineWorld.Patience);
        world.AssertSound();
    }

    [Fact]
    public async Task RunAsync_ModelAway_WaitsAndDeadLettersNothing()
    {
        var world = World();
        world.Model.BeforeRun = (call, _) => call <= 4 ? throw new DependencyUnavailableException("device_away", "the device is away") : default;
        world.Append(30);
        await world.RunAsync();
        world.AssertSound();
        Assert.Empty(world.Letters.Letters);
    }

    [Fact]
    public async Task RunAsync_SeveralBatchesMeetOneOutage_ItIsToldOnce()
    {
        var world = World();
        world.Append(64);
        var failed = 0;
        world.Model.BeforeRun = (_, _) => Interlocked.Increment(ref failed) <= 20 && failed <= 20
            ? throw new DependencyUnavailableException("device_away", "the device is away")
            : default;
        world.Batching = world.Batching with { MaxConcurrentBatches = 4 };
        await world.RunAsync();
        world.AssertSound();
        Assert.Equal(PipelineNoticeKind.DependencyLost, world.Notices[0].Kind);
        for (var i = 1; i < world.Notices.Count; i++)
            Assert.NotEqual(world.Notices[i - 1].Kind, world.Notices[i].Kind);
    }
}
