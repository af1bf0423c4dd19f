namespace Streaming.Contracts;

/// <summary>A message that could not be enriched, with everything needed to try it again (<c>schemas/dead-letter.v1.json</c>).</summary>
public sealed record DeadLetter
{
    /// <summary>Where the message lay: topic.</summary>
    public required string Topic { get; init; }

    /// <summary>Where the message lay: partition.</summary>
    public required int Partition { get; init; }

    /// <summary>Where the message lay: offset.</summary>
    public required long Offset { get; init; }

    /// <summary>The message's own timestamp.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>Original key, byte for byte (base64 on the wire); null when there was none.</summary>
    public byte[]? Key { get; init; }

    /// <summary>Original value, byte for byte (base64 on the wire); null when there was none.</summary>
    public byte[]? Value { get; init; }

    /// <summary>Original headers, byte for byte.</summary>
    public IReadOnlyList<MessageHeader> Headers { get; init; } = [];

    /// <summary>Stage that refused it, e.g. <c>decode</c>.</summary>
    public required string Stage { get; init; }

    /// <summary>Stable code, one of <see cref="ErrorCodes"/>.</summary>
    public required string Code { get; init; }

    /// <summary>What was wrong, in a sentence, without document text.</summary>
    public required string Reason { get; init; }

    /// <summary>How often it has been tried, this time included; at least 1.</summary>
    public required int Attempts { get; init; }

    /// <summary>When it was given up.</summary>
    public required DateTimeOffset FailedAt { get; init; }

    /// <summary>Topology that gave it up.</summary>
    public required string Topology { get; init; }
}
