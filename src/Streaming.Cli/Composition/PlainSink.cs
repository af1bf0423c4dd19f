using Streaming.Core.Sinks;

namespace Streaming.Cli.Composition;

/// <summary>The embedded sink for a source whose offsets lie elsewhere: its documents are durable by themselves, offsets follow.</summary>
internal sealed class PlainSink(IDocumentSink inner) : IDocumentSink
{
    public ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken) =>
        inner.WriteAsync(writes, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
