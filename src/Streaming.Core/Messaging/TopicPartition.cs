namespace Streaming.Core.Messaging;

/// <summary>One partition of a topic. Order holds within it.</summary>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Topic}-{Partition}";
}
