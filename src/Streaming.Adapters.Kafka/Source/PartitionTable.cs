using System.Diagnostics.CodeAnalysis;
using Streaming.Core.Messaging;

namespace Streaming.Adapters.Kafka.Source;

/// <summary>The partitions this consumer owns now. The poll thread changes it; commits and lag look.</summary>
internal sealed class PartitionTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TopicPartition, PartitionState> _owned = [];
    private int _epoch;

    /// <summary>A new epoch for these partitions.</summary>
    public int Assign(IReadOnlyList<PartitionCommit> partitions, IReadOnlySet<TopicPartition> unknown)
    {
        lock (_gate)
        {
            _epoch++;
            foreach (var (partition, next) in partitions)
            {
                _owned[partition] = new PartitionState
                {
                    Epoch = _epoch,
                    Next = unknown.Contains(partition) ? -1 : next,
                    Committed = next,
                    Requested = next,
                };
            }

            return _epoch;
        }
    }

    public void Remove(IEnumerable<TopicPartition> partitions)
    {
        lock (_gate)
        {
            foreach (var partition in partitions)
                _owned.Remove(partition);
        }
    }

    public bool TryGet(TopicPartition partition, [NotNullWhen(true)] out PartitionState? state)
    {
        lock (_gate)
            return _owned.TryGetValue(partition, out state);
    }

    public List<TopicPartition> Owned()
    {
        lock (_gate)
            return [.. _owned.Keys];
    }

    /// <summary>Takes a message: its epoch, or -1 when it is not ours or was delivered before.</summary>
    public int Accept(TopicPartition partition, long offset, DateTimeOffset timestamp)
    {
        lock (_gate)
        {
            if (!_owned.TryGetValue(partition, out var state) || offset < state.Next)
                return -1;
            state.Delivered(offset, timestamp);
            return state.Epoch;
        }
    }

    /// <summary>Those commits that are ours and go forward; they count as asked for.</summary>
    public List<PartitionCommit> Request(IReadOnlyList<PartitionCommit> commits)
    {
        var kept = new List<PartitionCommit>(commits.Count);
        lock (_gate)
        {
            foreach (var commit in commits)
            {
                if (!_owned.TryGetValue(commit.Partition, out var state) || commit.NextOffset <= state.Requested)
                    continue;
                state.Requested = commit.NextOffset;
                kept.Add(commit);
            }
        }

        return kept;
    }

    /// <summary>Those commits whose partition is still owned and that are not behind what is committed.</summary>
    public List<PartitionCommit> StillOwned(IEnumerable<PartitionCommit> commits)
    {
        var kept = new List<PartitionCommit>();
        lock (_gate)
        {
            foreach (var commit in commits)
            {
                if (_owned.TryGetValue(commit.Partition, out var state) && commit.NextOffset > state.Committed)
                    kept.Add(commit);
            }
        }

        return kept;
    }

    public void Committed(TopicPartition partition, long nextOffset)
    {
        lock (_gate)
        {
            if (_owned.TryGetValue(partition, out var state))
                state.CommittedUpTo(nextOffset);
        }
    }

    /// <summary>These commits came to nothing and may be asked for again.</summary>
    public void Forget(IReadOnlyList<PartitionCommit> commits)
    {
        lock (_gate)
        {
            foreach (var commit in commits)
            {
                if (_owned.TryGetValue(commit.Partition, out var state))
                    state.Requested = state.Committed;
            }
        }
    }

    /// <summary>Committed offset and time of the oldest unfinished message, partition by partition.</summary>
    public List<(TopicPartition Partition, long Committed, DateTimeOffset? Oldest)> Progress()
    {
        lock (_gate)
        {
            var progress = new List<(TopicPartition, long, DateTimeOffset?)>(_owned.Count);
            foreach (var (partition, state) in _owned)
                progress.Add((partition, state.Committed, state.OldestTimestamp));
            return progress;
        }
    }
}
