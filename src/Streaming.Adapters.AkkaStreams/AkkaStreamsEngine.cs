using Streaming.Core.Engine;

namespace Streaming.Adapters.AkkaStreams;

/// <summary>
/// Runs a pipeline as an Akka.Streams graph. One instance may run several pipelines; each run has an actor system of its own,
/// started with it and terminated before it returns, so nothing of Akka outlives a run.
/// </summary>
/// <remarks>
/// Starting again after a failure is <see cref="PipelineSupervisor"/>'s work and not a <c>RestartSource</c>'s: a source that
/// has thrown is of no further use, and what was in flight must be fenced and read anew from the commits. A restart inside
/// the graph would keep the lanes, leases and offsets of the run that failed.
/// </remarks>
public sealed class AkkaStreamsEngine : IPipelineEngine
{
    /// <inheritdoc/>
    public string Name => "akka";

    /// <inheritdoc/>
    public async Task RunAsync(Pipeline pipeline, CancellationToken drain, CancellationToken abort)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(abort);
        using var run = new GraphRun(pipeline, stop);
        await run.RunAsync(drain);
        abort.ThrowIfCancellationRequested();
    }
}
