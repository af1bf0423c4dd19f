namespace Streaming.Core.Engine.Channels;

/// <summary>Runs a pipeline in this process on bounded channels and tasks. One instance may run several pipelines.</summary>
public sealed class ChannelEngine : IPipelineEngine
{
    /// <inheritdoc/>
    public string Name => "channels";

    /// <inheritdoc/>
    public async Task RunAsync(Pipeline pipeline, CancellationToken drain, CancellationToken abort)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(abort);
        using var run = new ChannelRun(pipeline, stop);
        await run.RunAsync(drain);
        abort.ThrowIfCancellationRequested();
    }
}
