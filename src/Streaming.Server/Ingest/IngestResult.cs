namespace Streaming.Server.Ingest;

/// <summary>The answer of <c>POST /v1/topics/{topic}/messages</c>: what became of each message, in their order.</summary>
/// <param name="Stored">Messages that are durable now.</param>
/// <param name="Rejected">Messages that were refused; sending them again as they are is of no use.</param>
/// <param name="Results">One for each message.</param>
public sealed record IngestResult(int Stored, int Rejected, IReadOnlyList<IngestItemResult> Results);

/// <summary>What became of one message.</summary>
public sealed record IngestItemResult
{
    /// <summary>Position in the request, from 0.</summary>
    public required int Index { get; init; }

    /// <summary><c>stored</c> or <c>rejected</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Partition it was stored in.</summary>
    public int? Partition { get; init; }

    /// <summary>Its offset there.</summary>
    public long? Offset { get; init; }

    /// <summary>Why it was refused: a stable code.</summary>
    public string? Code { get; init; }

    /// <summary>Why it was refused, in a sentence.</summary>
    public string? Reason { get; init; }
}
