using System.Collections.Concurrent;
using Streaming.Core.Messaging;

namespace Streaming.Adapters.Kafka.Tests;

/// <summary>Remembers what a source told it.</summary>
public sealed class RecordingListener : IAssignmentListener
{
    public ConcurrentQueue<(PartitionCommit Partition, int Epoch)> Assigned { get; } = new();

    public ConcurrentQueue<TopicPartition> Lost { get; } = new();

    public ConcurrentQueue<TopicPartition> Revoked { get; } = new();

    /// <summary>What draining does.</summary>
    public Func<IReadOnlyList<TopicPartition>, CancellationToken, ValueTask> Drain { get; set; } = (_, _) => ValueTask.CompletedTask;

    public void OnAssigned(IReadOnlyList<PartitionCommit> partitions, int epoch)
    {
        foreach (var partition in partitions)
            Assigned.Enqueue((partition, epoch));
    }

    public async ValueTask OnRevokingAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        await Drain(partitions, cancellationToken);
        foreach (var partition in partitions)
            Revoked.Enqueue(partition);
    }

    public void OnLost(IReadOnlyList<TopicPartition> partitions)
    {
        foreach (var partition in partitions)
            Lost.Enqueue(partition);
    }
}
