namespace Streaming.Core.Sinks;

/// <summary>Keeps enriched documents. Retries what can be retried itself; answers item by item.</summary>
public interface IDocumentSink : IAsyncDisposable
{
    /// <summary>Returns when every write is durable or refused for good. Writes of the same id keep their order.</summary>
    /// <returns>One result for each write, in its order.</returns>
    /// <exception cref="OperationCanceledException">Given up; none, some or all may be applied. Writing again is safe.</exception>
    ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken);
}
