namespace Streaming.Core.Topology;

/// <summary>What happens to messages that cannot be enriched (<c>dead_letters:</c>).</summary>
public sealed record DeadLetterSettings
{
    /// <summary>Topic they go to; <c>TOPOLOGY.dead-letter</c> unless set.</summary>
    public required string Topic { get; init; }

    /// <summary>How often a message may be tried, redrives included, 1–100.</summary>
    public int MaxAttempts { get; init; } = 5;
}
