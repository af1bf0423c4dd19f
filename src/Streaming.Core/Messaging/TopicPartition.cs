namespace Streaming.Core.Messaging;

/// <summary>One partition of a topic. Order holds within it.</summary>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    /// <summary>Cheap: this is looked up for every message, and there are few topics. Their names need not be read for it.</summary>
    public override int GetHashCode() => HashCode.Combine(Topic?.Length, Partition);

    /// <inheritdoc/>
    public override string ToString() => $"{Topic}-{Partition}";
}
