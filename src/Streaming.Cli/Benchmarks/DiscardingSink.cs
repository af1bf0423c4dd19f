using Streaming.Contracts;
using Streaming.Core.Sinks;

namespace Streaming.Cli.Benchmarks;

/// <summary>Takes everything, keeps nothing.</summary>
internal sealed class DiscardingSink : IDocumentSink, IDeadLetterSink
{
    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken) => new(new SinkResult[writes.Count]);

    /// <inheritdoc/>
    public ValueTask WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;
}
