using System.Collections.Concurrent;
using Streaming.Core.Messaging;

namespace Streaming.Core.Engine.Stages;

/// <summary>The partitions a run holds: a lane each. Drains what goes, then fences it.</summary>
internal sealed class Assignments(EngineContext context, Committer committer, WindowQueue queue, bool isTransactional) : IAssignmentListener
{
    private readonly ConcurrentDictionary<TopicPartition, PartitionLane> _lanes = new();
    private readonly List<PartitionLane> _everyLane = []; // ended ones too, while something of theirs is on its way
    private volatile bool _ended;

    /// <summary>The lane of a partition that the source has assigned.</summary>
    public PartitionLane LaneOf(TopicPartition partition) => _lanes.TryGetValue(partition, out var lane)
        ? lane
        : throw new InvalidOperationException($"this is a bug: the source delivered {partition} without assigning it");

    /// <summary>When the oldest message was read that has not gone to the sink.</summary>
    public long? OldestReadAt()
    {
        long? oldest = null;
        foreach (var lane in _lanes.Values)
        {
            if (lane.OldestReadAt is { } at && (oldest is null || at < oldest))
                oldest = at;
        }

        return oldest;
    }

    /// <inheritdoc/>
    public void OnAssigned(IReadOnlyList<PartitionCommit> partitions, int epoch)
    {
        foreach (var from in partitions)
        {
            if (_lanes.TryGetValue(from.Partition, out var old))
                old.End();
            var lane = new PartitionLane(from.Partition, epoch);
            lock (_everyLane)
            {
                _everyLane.RemoveAll(static past => !past.IsLive && past.WhenIdle().IsCompleted);
                _everyLane.Add(lane);
            }

            context.Tracker.Assign(from, epoch);
            _lanes[from.Partition] = lane;
        }
    }

    /// <inheritdoc/>
    public async ValueTask OnRevokingAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        if (_ended)
        {
            // A source that is closed after the run gives its partitions back; there is nothing left to finish.
            OnLost(partitions);
            return;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, context.Stop);
        queue.Hurry(true);
        try
        {
            foreach (var partition in partitions)
            {
                if (_lanes.TryGetValue(partition, out var lane))
                    await lane.WhenIdle().WaitAsync(either.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Time is up: what is finished is committed, the rest is dropped and read by the next owner.
        }
        finally
        {
            queue.Hurry(false);
        }

        try
        {
            if (!isTransactional)
                await committer.CommitAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
        }
        finally
        {
            OnLost(partitions);
        }
    }

    /// <inheritdoc/>
    public void OnLost(IReadOnlyList<TopicPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            // In this order: a write that finds no offsets of a partition any more finds its lane ended.
            if (_lanes.TryGetValue(partition, out var lane))
                lane.End();
            context.Tracker.Revoke(partition);
        }
    }

    /// <summary>The run is over: nothing of it may act any more, whoever still holds the listener.</summary>
    public void End() => _ended = true;

    /// <summary>Once no stage runs any more: gives back what documents still hold.</summary>
    public void Abandon()
    {
        lock (_everyLane)
        {
            foreach (var lane in _everyLane)
            {
                lane.End();
                lane.Abandon();
            }
        }
    }
}
