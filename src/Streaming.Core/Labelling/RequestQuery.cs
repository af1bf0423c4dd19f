namespace Streaming.Core.Labelling;

/// <summary>Which requests to list.</summary>
public sealed record RequestQuery
{
    /// <summary>Only of this topology; null: of all.</summary>
    public string? Topology { get; init; }

    /// <summary>Only those that this person has not answered; null: also answered ones.</summary>
    public string? UnansweredBy { get; init; }

    /// <summary>Only those with samples of at least so many labellers; 0: all.</summary>
    public int MinLabellers { get; init; }

    /// <summary>Only of this document; null: of all.</summary>
    public string? DocumentId { get; init; }

    /// <summary>Only with a greater sequence: where the previous page ended. Only in order of addition.</summary>
    public long AfterSequence { get; init; }

    /// <summary>True: the highest priority first. False: in order of addition.</summary>
    public bool ByPriority { get; init; }

    /// <summary>True: the newest first instead of the oldest. Only in order of addition, without <see cref="AfterSequence"/>.</summary>
    public bool NewestFirst { get; init; }

    /// <summary>At most so many, 1–10,000.</summary>
    public int Size { get; init; } = 100;
}
