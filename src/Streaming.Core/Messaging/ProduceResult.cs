namespace Streaming.Core.Messaging;

/// <summary>What became of one produced message.</summary>
/// <param name="Partition">Where it was stored.</param>
/// <param name="Offset">Its offset; -1 when refused.</param>
/// <param name="Error">Why it was refused, or null.</param>
public readonly record struct ProduceResult(TopicPartition Partition, long Offset, string? Error)
{
    /// <summary>True when the message is stored.</summary>
    public bool IsStored => Error is null;
}
