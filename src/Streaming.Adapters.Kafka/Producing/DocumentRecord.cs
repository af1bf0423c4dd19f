using System.Text;
using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;

namespace Streaming.Adapters.Kafka.Producing;

/// <summary>An enriched document as a record: its id is the key, the headers are its message's own, a delete is a null value.</summary>
internal static class DocumentRecord
{
    public static OutgoingMessage From(DocumentWrite write) => new()
    {
        Key = Encoding.UTF8.GetBytes(write.Id),
        Value = write.Document is null ? (ReadOnlyMemory<byte>?)null : JsonSerializer.SerializeToUtf8Bytes(write.Document, ContractsJson.Wire.EnrichedDocument),
        Headers = write.Headers,
    };

    /// <summary>The answers to documents, from the answers to their records.</summary>
    public static SinkResult[] Judge(IReadOnlyList<ProduceResult> produced)
    {
        var results = new SinkResult[produced.Count];
        for (var i = 0; i < results.Length; i++)
            results[i] = produced[i].Error is { } error ? new SinkResult(SinkStatus.Rejected, error) : new SinkResult(SinkStatus.Applied);
        return results;
    }
}
