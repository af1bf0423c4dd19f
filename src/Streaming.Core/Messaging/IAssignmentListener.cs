namespace Streaming.Core.Messaging;

/// <summary>Hears which partitions a source owns. Drain first, fence second.</summary>
public interface IAssignmentListener
{
    /// <summary>These are owned from now on, under this epoch; the first message is at <c>NextOffset</c> or after it.</summary>
    void OnAssigned(IReadOnlyList<PartitionCommit> partitions, int epoch);

    /// <summary>These are about to go. Finishes and commits what can be in time; on return the rest is dropped.</summary>
    ValueTask OnRevokingAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken);

    /// <summary>These are gone already: nothing more may be committed for them.</summary>
    void OnLost(IReadOnlyList<TopicPartition> partitions);
}
