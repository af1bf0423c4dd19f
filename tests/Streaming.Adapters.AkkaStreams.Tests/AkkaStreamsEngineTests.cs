using Streaming.Core.Engine;
using Streaming.Core.Messaging;
using Streaming.Testing.Conformance;
using Streaming.Testing.Engine;

namespace Streaming.Adapters.AkkaStreams.Tests;

public class AkkaStreamsEngineConformanceTests : PipelineEngineConformance
{
    protected override IPipelineEngine CreateEngine() => new AkkaStreamsEngine();
}

public class AkkaStreamsEngineLabellingTests : PipelineEngineLabellingConformance
{
    protected override IPipelineEngine CreateEngine() => new AkkaStreamsEngine();
}

public class AkkaStreamsEngineOutageTests : PipelineEngineOutageConformance
{
    protected override IPipelineEngine CreateEngine() => new AkkaStreamsEngine();
}

public class AkkaStreamsEngineEndingTests : PipelineEngineEndingConformance
{
    protected override IPipelineEngine CreateEngine() => new AkkaStreamsEngine();
}

public class AkkaStreamsEngineDeliveryTests : PipelineEngineDeliveryConformance
{
    protected override IPipelineEngine CreateEngine() => new AkkaStreamsEngine();
}

public class AkkaStreamsEngineSchedulingTests : PipelineEngineSchedulingConformance
{
    protected override IPipelineEngine CreateEngine() => new AkkaStreamsEngine();
}

public class AkkaStreamsEngineModelTests : PipelineEngineModelConformance
{
    protected override IPipelineEngine CreateEngine() => new AkkaStreamsEngine();
}

public class AkkaStreamsEngineSwapTests : ModelSwapConformance
{
    protected override IPipelineEngine CreateEngine() => new AkkaStreamsEngine();
}

public class AkkaStreamsEngineTrialTests : ModelTrialConformance
{
    protected override IPipelineEngine CreateEngine() => new AkkaStreamsEngine();
}

/// <summary>What is this engine's own: Akka leaves no trace, and nothing runs on after the run.</summary>
public class AkkaStreamsEngineTests
{
    [Fact]
    public async Task RunAsync_AbortWhileTheSinkWrites_ReturnsOnlyAfterTheCall()
    {
        var world = new PipelineWorld(new AkkaStreamsEngine());
        var writing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var letGo = new ManualResetEventSlim();
        world.Sink.BeforeApply = _ =>
        {
            // A native client that does not look at the token.
            writing.TrySetResult();
            Assert.True(letGo.Wait(PipelineWorld.Patience));
        };
        world.Append(100);
        await using var source = world.Log.Consume();
        using var abort = new CancellationTokenSource();
        var run = world.StartAsync(source, default, abort.Token);
        await writing.Task.WaitAsync(PipelineWorld.Patience);
        await abort.CancelAsync();
        await Task.Yield();
        Assert.False(run.IsCompleted);
        letGo.Set();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.WaitAsync(PipelineWorld.Patience));
        Assert.Equal(0, world.Models.OpenLeases);
        Assert.Empty(world.Ledger.Violations);
    }

    [Fact]
    public async Task RunAsync_StageFails_AkkaWritesNothingToTheConsole()
    {
        var (output, error) = (Console.Out, Console.Error);
        using var written = new StringWriter();
        Console.SetOut(written);
        Console.SetError(written);
        try
        {
            var world = new PipelineWorld(new AkkaStreamsEngine());
            world.Append(100);
            world.Sink.BeforeApply = _ => throw new IOException("the disk is gone");
            await Assert.ThrowsAsync<IOException>(() => world.RunAsync());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
        }

        Assert.Empty(written.ToString());
    }

    [Fact]
    public async Task RunAsync_SourceDoesNotStart_EndsWithThatError()
    {
        var world = new PipelineWorld(new AkkaStreamsEngine()) { WrapSource = static source => new DoesNotStart(source) };
        await Assert.ThrowsAsync<IOException>(() => world.RunAsync());
    }

    [Fact]
    public async Task RunAsync_TwoPipelinesOnOneEngine_RunBesideEachOther()
    {
        var engine = new AkkaStreamsEngine();
        var (first, second) = (new PipelineWorld(engine, 2), new PipelineWorld(engine, 3));
        first.Append(300);
        second.Append(300);
        await Task.WhenAll(first.RunAsync(), second.RunAsync());
        first.AssertSound();
        second.AssertSound();
    }

    private sealed class DoesNotStart(IMessageSource source) : IMessageSource
    {
        public ValueTask StartAsync(IAssignmentListener listener, CancellationToken cancellationToken) => throw new IOException("the log is gone");

        public ValueTask<IReadOnlyList<SourceMessage>> ReadAsync(int maxMessages, long maxBytes, CancellationToken cancellationToken) => source.ReadAsync(maxMessages, maxBytes, cancellationToken);

        public ValueTask CommitAsync(IReadOnlyList<PartitionCommit> commits, CancellationToken cancellationToken) => source.CommitAsync(commits, cancellationToken);

        public ValueTask<SourceLag> GetLagAsync(CancellationToken cancellationToken) => source.GetLagAsync(cancellationToken);

        public ValueTask DisposeAsync() => source.DisposeAsync();
    }
}
