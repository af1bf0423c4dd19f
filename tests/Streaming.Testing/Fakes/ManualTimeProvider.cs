namespace Streaming.Testing.Fakes;

/// <summary>A clock that moves when told. Timers fire inside <see cref="Advance"/>.</summary>
public sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = Make.Noon;
    private long _ticks;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
            return _now;
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    /// <summary>Moves the wall clock alone, as an administrator does.</summary>
    public void SetUtcNow(DateTimeOffset now)
    {
        lock (_lock)
            _now = now;
    }

    /// <summary>Lets time pass.</summary>
    public void Advance(TimeSpan by)
    {
        List<ManualTimer> due;
        lock (_lock)
        {
            _now += by;
            Interlocked.Add(ref _ticks, by.Ticks);
            due = _timers.FindAll(timer => timer.Due <= _ticks);
        }

        foreach (var timer in due)
            timer.Fire(_ticks);
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        lock (_lock)
            _timers.Add(timer);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class ManualTimer(ManualTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public long Due { get; private set; } = long.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._lock)
            {
                _period = period;
                Due = dueTime < TimeSpan.Zero ? long.MaxValue : owner._ticks + dueTime.Ticks;
            }

            if (dueTime == TimeSpan.Zero)
                Fire(Due);
            return true;
        }

        public void Fire(long now)
        {
            lock (owner._lock)
                Due = _period > TimeSpan.Zero ? now + _period.Ticks : long.MaxValue;
            callback(state);
        }

        public void Dispose()
        {
            lock (owner._lock)
                owner._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
