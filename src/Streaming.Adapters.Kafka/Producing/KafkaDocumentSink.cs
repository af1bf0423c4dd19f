using Streaming.Adapters.Kafka.Producing;
using Streaming.Core;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;

namespace Streaming.Adapters.Kafka;

/// <summary>
/// Writes enriched documents to a topic, at least once: after a crash a document may lie there again, told by its key and the
/// place in its lineage. <see cref="KafkaTransactionalSink"/> writes each exactly once.
/// </summary>
/// <param name="producer">Not owned.</param>
/// <param name="topic">Topic of enriched documents.</param>
public sealed class KafkaDocumentSink(IMessageProducer producer, string topic) : IDocumentSink
{
    /// <inheritdoc/>
    /// <exception cref="StreamingException">As <see cref="KafkaMessageProducer.ProduceAsync"/>.</exception>
    public async ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        var records = new OutgoingMessage[writes.Count];
        for (var i = 0; i < records.Length; i++)
            records[i] = DocumentRecord.From(writes[i]);
        return DocumentRecord.Judge(await producer.ProduceAsync(topic, records, cancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
