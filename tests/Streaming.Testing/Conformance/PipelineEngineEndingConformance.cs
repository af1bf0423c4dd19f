using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Testing.Engine;
using Streaming.Testing.Fakes;

namespace Streaming.Testing.Conformance;

/// <summary>How every <see cref="IPipelineEngine"/> ends: drained, aborted, or failed; nothing is lost by it.</summary>
public abstract class PipelineEngineEndingConformance
{
    /// <summary>The engine under test.</summary>
    protected abstract IPipelineEngine CreateEngine();

    /// <summary>A world for the engine under test.</summary>
    protected PipelineWorld World(int partitions = 1, FakeModel? model = null) => new(CreateEngine(), partitions, model);

    [Fact]
    public async Task RunAsync_Drain_FinishesWhatWasReadAndCommitsIt()
    {
        var world = World();
        world.Append(40);
        await using var source = world.Log.Consume(endsAtEnd: false);
        using var drain = new CancellationTokenSource();
        var run = world.StartAsync(source, drain.Token);
        await PipelineWorld.UntilAsync(() => source.Delivered == 40);
        await drain.CancelAsync();
        await run.WaitAsync(PipelineWorld.Patience);
        world.AssertSound();
        await using var next = world.Log.Consume();
        await world.StartAsync(next).WaitAsync(PipelineWorld.Patience);
        Assert.Equal(0, next.Delivered);
    }

    [Fact]
    public async Task RunAsync_DrainBeforeTheStart_EndsWithoutReading()
    {
        var world = World();
        world.Append(10);
        await using var source = world.Log.Consume(endsAtEnd: false);
        await world.StartAsync(source, new CancellationToken(true)).WaitAsync(PipelineWorld.Patience);
        Assert.Equal(0, world.Models.OpenLeases);
        Assert.Equal(world.Log.TotalCommitted, source.Delivered);
    }

    [Fact]
    public async Task RunAsync_Abort_GivesUpAtOnceAndNothingIsLost()
    {
        var world = World();
        world.Append(100);
        world.Sink.Hold();
        await using var source = world.Log.Consume();
        using var abort = new CancellationTokenSource();
        var run = world.StartAsync(source, default, abort.Token);
        await PipelineWorld.UntilAsync(() => world.Sink.Calls == 1);
        await abort.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.WaitAsync(PipelineWorld.Patience));
        Assert.Equal(0, world.Log.TotalCommitted);
        Assert.Equal(0, world.Models.OpenLeases);
        world.Sink.LetGo();
        await source.DisposeAsync();
        await world.RunAsync();
        world.AssertSound();
    }

    [Theory]
    [InlineData("read")]
    [InlineData("sink")]
    [InlineData("letters")]
    [InlineData("commit")]
    [InlineData("model")]
    public async Task RunAsync_StageThrows_EndsWithThatErrorAndTheNextRunLosesNothing(string stage)
    {
        var world = World(2);
        world.Append(100);
        world.Log.Append(new byte[] { 0xFF }, "bad");
        var broken = true;
        await using var source = world.Log.Consume();
        void Break(string at)
        {
            if (at == stage && broken)
                throw new IOException("broken at " + at);
        }

        source.BeforeRead = () =>
        {
            if (source.Delivered > 0)
                Break("read");
        };
        source.BeforeCommit = _ => Break("commit");
        world.Sink.BeforeApply = call =>
        {
            if (call > 1)
                Break("sink");
        };
        world.Letters.BeforeStore = () => Break("letters");
        world.Model.BeforeRun = (_, _) => stage == "model" && broken ? throw new StreamingException("model_unfit", "the model does not fit") : default;
        var error = await Assert.ThrowsAnyAsync<Exception>(() => world.StartAsync(source).WaitAsync(PipelineWorld.Patience));
        Assert.True(error is IOException or StreamingException, error.ToString());
        Assert.Equal(0, world.Models.OpenLeases);
        Assert.Empty(world.Ledger.Violations);
        broken = false;
        await source.DisposeAsync();
        await world.RunAsync();
        world.AssertSound();
    }
}
