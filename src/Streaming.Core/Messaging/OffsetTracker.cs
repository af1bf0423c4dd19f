namespace Streaming.Core.Messaging;

/// <summary>
/// Knows, for every partition held, which messages are finished, and so how far may be committed: up to the lowest
/// unfinished one. What an older assignment finishes late is dropped. Safe for concurrent use.
/// </summary>
public sealed class OffsetTracker
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TopicPartition, Assignment> _assignments = [];

    /// <summary>A partition is held from now on; everything below its offset is done. An earlier assignment of it ends.</summary>
    public void Assign(PartitionCommit from, int epoch)
    {
        lock (_lock)
            _assignments[from.Partition] = new Assignment(epoch, new OffsetWatermark(from.NextOffset));
    }

    /// <summary>A partition is gone: nothing more is tracked, completed or committed for it.</summary>
    public void Revoke(TopicPartition partition)
    {
        lock (_lock)
            _assignments.Remove(partition);
    }

    /// <summary>Whether the partition is held under this epoch.</summary>
    public bool IsCurrent(TopicPartition partition, int epoch)
    {
        lock (_lock)
            return _assignments.TryGetValue(partition, out var assignment) && assignment.Epoch == epoch;
    }

    /// <summary>Notes a delivered message.</summary>
    /// <returns>False when its assignment is over: drop the message.</returns>
    public bool Track(TopicPartition partition, int epoch, long offset)
    {
        lock (_lock)
        {
            if (!_assignments.TryGetValue(partition, out var assignment) || assignment.Epoch != epoch)
                return false;
            assignment.Watermark.Track(offset);
            return true;
        }
    }

    /// <summary>Notes a finished message: acknowledged by its sink or its dead-letter topic, deleted, or filtered.</summary>
    /// <returns>False when its assignment is over: the result is dropped.</returns>
    public bool Complete(TopicPartition partition, int epoch, long offset)
    {
        lock (_lock)
        {
            if (!_assignments.TryGetValue(partition, out var assignment) || assignment.Epoch != epoch)
                return false;
            assignment.Watermark.Complete(offset);
            return true;
        }
    }

    /// <summary>Adds a commit for every partition whose watermark has risen since it was last taken.</summary>
    public void TakeCommits(List<PartitionCommit> into)
    {
        lock (_lock)
        {
            foreach (var (partition, assignment) in _assignments)
            {
                if (assignment.Watermark.TryTake(out var next))
                    into.Add(new PartitionCommit(partition, next));
            }
        }
    }

    /// <summary>Takes the commit of one partition, if its watermark has risen since it was last taken.</summary>
    public bool TryTakeCommit(TopicPartition partition, out PartitionCommit commit)
    {
        lock (_lock)
        {
            if (_assignments.TryGetValue(partition, out var assignment) && assignment.Watermark.TryTake(out var next))
            {
                commit = new PartitionCommit(partition, next);
                return true;
            }
        }

        commit = default;
        return false;
    }

    /// <summary>The commits did not happen: they are taken again next time.</summary>
    public void Untake(IReadOnlyList<PartitionCommit> commits)
    {
        lock (_lock)
        {
            foreach (var commit in commits)
            {
                if (_assignments.TryGetValue(commit.Partition, out var assignment))
                    assignment.Watermark.Untake(commit.NextOffset - 1);
            }
        }
    }

    /// <summary>Messages of a partition delivered and not finished; 0 when it is not held.</summary>
    public int Unfinished(TopicPartition partition)
    {
        lock (_lock)
            return _assignments.TryGetValue(partition, out var assignment) ? assignment.Watermark.Unfinished : 0;
    }

    /// <summary>The lowest unfinished offset of a partition (the next one to come when all are finished); null when it is not held.</summary>
    public long? Watermark(TopicPartition partition)
    {
        lock (_lock)
            return _assignments.TryGetValue(partition, out var assignment) ? assignment.Watermark.Value : null;
    }

    /// <summary>The partitions held.</summary>
    public IReadOnlyList<TopicPartition> Partitions
    {
        get
        {
            lock (_lock)
                return [.. _assignments.Keys];
        }
    }

    private readonly record struct Assignment(int Epoch, OffsetWatermark Watermark);
}
