namespace Streaming.Core.Engine;

/// <summary>
/// Runs a pipeline: read, decode, prepare, batch, encode, annotate, write, commit, with the delivery rules of
/// ARCHITECTURE.md. Engines differ in how they schedule, never in what comes out.
/// </summary>
public interface IPipelineEngine
{
    /// <summary>Short name for logs and metrics, e.g. <c>channels</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Runs until the source ends or <paramref name="drain"/> is cancelled; then no more is read, what is in flight is
    /// finished and committed, and the task completes. <paramref name="abort"/> gives up at once: nothing uncommitted is lost, it is read again.
    /// </summary>
    /// <exception cref="StreamingException">The pipeline cannot go on.</exception>
    Task RunAsync(Pipeline pipeline, CancellationToken drain, CancellationToken abort);
}
