namespace Streaming.Server.Status;

/// <summary>How far one topology has come. Every ingested message is in exactly one of the four ends, or in the backlog.</summary>
public sealed record TopologyStatus
{
    /// <summary>Name of the topology.</summary>
    public required string Topology { get; init; }

    /// <summary><c>process</c> when the counts are those of the answering process since its start, and only the backlog is that of its whole consumer group; absent when all are the store's.</summary>
    public string? Scope { get; init; }

    /// <summary>Messages written to its source topics.</summary>
    public required long Ingested { get; init; }

    /// <summary>Messages enriched and kept.</summary>
    public required long Indexed { get; init; }

    /// <summary>Messages given up, with the original bytes kept.</summary>
    public required long DeadLettered { get; init; }

    /// <summary>Messages left out by a rule.</summary>
    public required long Filtered { get; init; }

    /// <summary>Deletes applied.</summary>
    public required long Deleted { get; init; }

    /// <summary>Messages not yet done.</summary>
    public required long Backlog { get; init; }

    /// <summary>Age of the oldest message not yet done, in seconds.</summary>
    public double? BacklogSeconds { get; init; }

    /// <summary>Model that works, or worked last.</summary>
    public string? Model { get; init; }

    /// <summary>Its version.</summary>
    public string? ModelVersion { get; init; }
}
