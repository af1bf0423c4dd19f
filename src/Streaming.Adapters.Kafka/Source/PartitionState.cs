namespace Streaming.Adapters.Kafka.Source;

/// <summary>One partition under one assignment. Guarded by the table that holds it.</summary>
internal sealed class PartitionState
{
    private const int MaxSamples = 512;
    private readonly Queue<(long Offset, DateTimeOffset Timestamp)> _samples = new();
    private long _lastSample = -1;
    private long _step = 1;

    /// <summary>Which assignment.</summary>
    public required int Epoch { get; set; }

    /// <summary>The next offset to deliver; anything below was delivered. -1 until it is known.</summary>
    public required long Next { get; set; }

    /// <summary>Highest offset asked to be committed.</summary>
    public long Requested { get; set; } = -1;

    /// <summary>Highest offset committed.</summary>
    public long Committed { get; set; } = -1;

    /// <summary>Remembers a delivered message's time, so that the age of the oldest unfinished one can be told.</summary>
    public void Delivered(long offset, DateTimeOffset timestamp)
    {
        Next = offset + 1;
        if (offset < _lastSample + _step)
            return;
        _lastSample = offset;
        _samples.Enqueue((offset, timestamp));
        if (_samples.Count <= MaxSamples)
            return;

        // Every second one goes, and from now on half as many are taken: bounded, and precise to a step.
        _step *= 2;
        for (var i = _samples.Count; i > 0; i--)
        {
            var sample = _samples.Dequeue();
            if ((i & 1) == 0)
                _samples.Enqueue(sample);
        }
    }

    /// <summary>Notes a commit.</summary>
    public void CommittedUpTo(long nextOffset)
    {
        Committed = Math.Max(Committed, nextOffset);
        while (_samples.Count > 1 && _samples.Peek().Offset + _step <= Committed)
            _samples.Dequeue();
        if (Committed >= Next)
            _step = 1;
    }

    /// <summary>Time of the oldest message not yet committed, as far as it is known.</summary>
    public DateTimeOffset? OldestTimestamp => _samples.TryPeek(out var oldest) ? oldest.Timestamp : null;
}
