using Streaming.Contracts;

namespace Streaming.Server.DeadLetters;

/// <summary>A dead letter in a list: everything but the bytes.</summary>
public sealed record DeadLetterView
{
    /// <summary>Number to call it by.</summary>
    public required long Id { get; init; }

    /// <summary>Where it lay: topic.</summary>
    public required string Topic { get; init; }

    /// <summary>Where it lay: partition.</summary>
    public required int Partition { get; init; }

    /// <summary>Where it lay: offset.</summary>
    public required long Offset { get; init; }

    /// <summary>Topology that gave it up.</summary>
    public required string Topology { get; init; }

    /// <summary>Stage that refused it.</summary>
    public required string Stage { get; init; }

    /// <summary>Stable code.</summary>
    public required string Code { get; init; }

    /// <summary>What was wrong.</summary>
    public required string Reason { get; init; }

    /// <summary>How often it has been tried.</summary>
    public required int Attempts { get; init; }

    /// <summary>When it was given up.</summary>
    public required DateTimeOffset FailedAt { get; init; }

    /// <summary>Bytes of the original value; null when there was none.</summary>
    public int? Bytes { get; init; }

    /// <summary>A view of a stored letter.</summary>
    public static DeadLetterView Of(StoredDeadLetter stored)
    {
        ArgumentNullException.ThrowIfNull(stored);
        var letter = stored.Letter;
        return new()
        {
            Id = stored.Id,
            Topic = letter.Topic,
            Partition = letter.Partition,
            Offset = letter.Offset,
            Topology = letter.Topology,
            Stage = letter.Stage,
            Code = letter.Code,
            Reason = letter.Reason,
            Attempts = letter.Attempts,
            FailedAt = letter.FailedAt,
            Bytes = letter.Value?.Length,
        };
    }
}

/// <summary>The answer of <c>GET /v1/dead-letters</c>.</summary>
public sealed record DeadLetterList(IReadOnlyList<DeadLetterView> DeadLetters);
