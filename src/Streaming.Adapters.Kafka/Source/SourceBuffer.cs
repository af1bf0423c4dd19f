using Streaming.Core.Messaging;

namespace Streaming.Adapters.Kafka.Source;

/// <summary>Messages between the poll thread and the reader, bounded in number and bytes. The bound is soft by one poll.</summary>
internal sealed class SourceBuffer(int maxMessages, long maxBytes)
{
    private readonly Lock _gate = new();
    private readonly Queue<SourceMessage> _messages = new();
    private long _bytes;
    private TaskCompletionSource? _waiter;
    private Exception? _fault;

    public bool IsFull
    {
        get
        {
            lock (_gate)
                return _messages.Count >= maxMessages || _bytes >= maxBytes;
        }
    }

    /// <summary>True when there is room for a good deal, so that reading does not stop and go with each message.</summary>
    public bool HasRoom
    {
        get
        {
            lock (_gate)
                return _messages.Count <= maxMessages / 2 && _bytes <= maxBytes / 2;
        }
    }

    public void Add(List<SourceMessage> messages)
    {
        lock (_gate)
        {
            foreach (var message in messages)
            {
                _messages.Enqueue(message);
                _bytes += Cost(message);
            }

            Signal();
        }
    }

    /// <summary>Takes what is there; null when there is nothing yet, and then <paramref name="wait"/> ends when there may be.</summary>
    public List<SourceMessage>? Take(int max, long bytes, out Task wait)
    {
        lock (_gate)
        {
            if (_messages.Count == 0)
            {
                if (_fault is not null)
                    throw _fault;
                wait = (_waiter ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
                return null;
            }

            wait = Task.CompletedTask;
            var taken = new List<SourceMessage>(Math.Min(max, _messages.Count));
            long size = 0;
            while (taken.Count < max && size < bytes && _messages.TryDequeue(out var message))
            {
                taken.Add(message);
                size += message.SizeInBytes;
                _bytes -= Cost(message);
            }

            return taken;
        }
    }

    /// <summary>Forgets the messages of partitions that go.</summary>
    /// <returns>How many.</returns>
    public int Drop(HashSet<TopicPartition> partitions)
    {
        lock (_gate)
        {
            var dropped = 0;
            for (var i = _messages.Count; i > 0; i--)
            {
                var message = _messages.Dequeue();
                if (partitions.Contains(message.Partition))
                {
                    dropped++;
                    _bytes -= Cost(message);
                }
                else
                {
                    _messages.Enqueue(message);
                }
            }

            return dropped;
        }
    }

    /// <summary>The reader gets this once it has taken what is there.</summary>
    public void Fail(Exception fault)
    {
        lock (_gate)
        {
            _fault ??= fault;
            Signal();
        }
    }

    private static long Cost(SourceMessage message) => message.SizeInBytes + 128;

    private void Signal()
    {
        _waiter?.TrySetResult();
        _waiter = null;
    }
}
