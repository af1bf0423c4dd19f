using Streaming.Contracts;

namespace Streaming.Core.Messaging;

/// <summary>A message to be written to a topic.</summary>
public sealed record OutgoingMessage
{
    /// <summary>Key, or null. Equal keys go to the same partition.</summary>
    public ReadOnlyMemory<byte>? Key { get; init; }

    /// <summary>Value, or null for a delete.</summary>
    public ReadOnlyMemory<byte>? Value { get; init; }

    /// <summary>Headers in their order.</summary>
    public IReadOnlyList<MessageHeader> Headers { get; init; } = [];

    /// <summary>Timestamp; null means now.</summary>
    public DateTimeOffset? Timestamp { get; init; }
}
