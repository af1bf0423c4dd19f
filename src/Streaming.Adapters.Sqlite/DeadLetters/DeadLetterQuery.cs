namespace Streaming.Adapters.Sqlite.DeadLetters;

/// <summary>Which dead letters to list.</summary>
public sealed record DeadLetterQuery
{
    /// <summary>Only of this topology.</summary>
    public string? Topology { get; init; }

    /// <summary>Only with this code.</summary>
    public string? Code { get; init; }

    /// <summary>Also those that have been redriven.</summary>
    public bool IncludeRedriven { get; init; }

    /// <summary>Only with a greater id: where the previous page ended.</summary>
    public long AfterId { get; init; }

    /// <summary>At most so many, 1–10,000; default 100.</summary>
    public int Size { get; init; } = 100;
}
