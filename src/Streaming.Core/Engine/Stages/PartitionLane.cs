using Streaming.Core.Messaging;

namespace Streaming.Core.Engine.Stages;

/// <summary>
/// One assignment of one partition. Keeps its messages in the order they were read and lets them go to the sink in that
/// order, however they overtake one another on the way: so order per key holds from topic to index.
/// </summary>
internal sealed class PartitionLane(TopicPartition partition, int epoch)
{
    private readonly Lock _lock = new();
    private readonly Queue<InFlightDocument> _order = new();
    private TaskCompletionSource? _idle;
    private int _held;
    private volatile bool _live = true;

    public TopicPartition Partition { get; } = partition;

    public int Epoch { get; } = epoch;

    /// <summary>False once the assignment is over: what is still on its way is dropped.</summary>
    public bool IsLive => _live;

    public void End() => _live = false;

    public void Enter(InFlightDocument document)
    {
        lock (_lock)
        {
            _order.Enqueue(document);
            _held++;
        }
    }

    /// <summary>It is known how this one ends; it goes on as soon as all before it have gone.</summary>
    /// <param name="document">One of this lane's.</param>
    /// <param name="onward">Given each document that goes on, in order; called under the lane's lock, so it must return at once.</param>
    public void Release(InFlightDocument document, Action<InFlightDocument> onward)
    {
        lock (_lock)
        {
            document.IsReleasable = true;
            while (_order.TryPeek(out var first) && first.IsReleasable)
            {
                _order.Dequeue();
                onward(first);
            }
        }
    }

    /// <summary>So many are acknowledged or dropped.</summary>
    public void Leave()
    {
        TaskCompletionSource? idle = null;
        lock (_lock)
        {
            if (--_held == 0)
                (idle, _idle) = (_idle, null);
        }

        idle?.SetResult();
    }

    /// <summary>Completes when nothing of this assignment is on its way.</summary>
    public Task WhenIdle()
    {
        lock (_lock)
        {
            if (_held == 0)
                return Task.CompletedTask;
            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }

    /// <summary>When the oldest message that has not gone to the sink was read.</summary>
    public long? OldestReadAt
    {
        get
        {
            lock (_lock)
                return _order.TryPeek(out var first) ? first.ReadAt : null;
        }
    }

    /// <summary>After the engine has stopped: gives back what its documents still hold.</summary>
    public void Abandon()
    {
        lock (_lock)
        {
            foreach (var document in _order)
            {
                document.ReleaseLease();
                document.EndSpan("fenced");
            }

            _order.Clear();
        }
    }
}
