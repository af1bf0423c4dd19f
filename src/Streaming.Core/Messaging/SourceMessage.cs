using Streaming.Contracts;

namespace Streaming.Core.Messaging;

/// <summary>A message as a source delivered it. Its bytes are never changed, so a dead letter can carry them whole.</summary>
public sealed class SourceMessage
{
    /// <summary>Where it lies.</summary>
    public required TopicPartition Partition { get; init; }

    /// <summary>Its offset in the partition; offsets rise but may have gaps.</summary>
    public required long Offset { get; init; }

    /// <summary>
    /// Which assignment of the partition delivered it. Results of an older epoch are dropped:
    /// the partition belongs to someone else by then.
    /// </summary>
    public int Epoch { get; init; }

    /// <summary>Key, or null. A key is the identity of the document.</summary>
    public ReadOnlyMemory<byte>? Key { get; init; }

    /// <summary>Value, or null: a delete of the document named by the key.</summary>
    public ReadOnlyMemory<byte>? Value { get; init; }

    /// <summary>Headers in their order.</summary>
    public IReadOnlyList<MessageHeader> Headers { get; init; } = [];

    /// <summary>The log's or producer's timestamp.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>Bytes of key and value, for memory budgets.</summary>
    public int SizeInBytes => (Key?.Length ?? 0) + (Value?.Length ?? 0);
}
