namespace Streaming.Core.Sinks;

/// <summary>How many messages ended in which terminal state. Every message ends in exactly one.</summary>
/// <param name="Indexed">Enriched and kept (or superseded by a newer version of the same document).</param>
/// <param name="DeadLettered">Given up, with the original bytes kept.</param>
/// <param name="Filtered">Left out by a rule of the topology.</param>
/// <param name="Deleted">Deletes applied.</param>
public readonly record struct OutcomeCounts(long Indexed, long DeadLettered, long Filtered, long Deleted)
{
    /// <summary>All of them.</summary>
    public long Total => Indexed + DeadLettered + Filtered + Deleted;

    /// <summary>Sum, state by state.</summary>
    public static OutcomeCounts operator +(OutcomeCounts a, OutcomeCounts b) =>
        new(a.Indexed + b.Indexed, a.DeadLettered + b.DeadLettered, a.Filtered + b.Filtered, a.Deleted + b.Deleted);
}
