namespace Streaming.Core.Engine;

/// <summary>A pipeline with parts of its own (at least its source), made for one run and disposed after it.</summary>
public sealed class PipelineInstance(Pipeline pipeline, Func<ValueTask> dispose) : IAsyncDisposable
{
    /// <summary>The pipeline.</summary>
    public Pipeline Pipeline { get; } = pipeline;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => dispose();
}
