using Streaming.Core.Sinks;

namespace Streaming.Cli.Benchmarks;

/// <summary>Tells of every write that its sink has acknowledged.</summary>
internal sealed class AcknowledgingSink(IDocumentSink inner, Action<string> acknowledged) : IDocumentSink
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        var results = await inner.WriteAsync(writes, cancellationToken);
        foreach (var write in writes)
            acknowledged(write.Id);
        return results;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
