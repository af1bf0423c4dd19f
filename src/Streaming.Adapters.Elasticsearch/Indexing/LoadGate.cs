namespace Streaming.Adapters.Elasticsearch.Indexing;

/// <summary>
/// How many requests are in flight, and when the next may start. Halved by each refusal, one more after a round of
/// successes; after a refusal all wait a random part of a doubling time, so that workers do not come back together.
/// </summary>
internal sealed class LoadGate(int most, TimeSpan first, TimeSpan cap, TimeProvider time, int seed)
{
    private readonly Lock _gate = new();
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private readonly Random _random = new(seed);
    private double _limit = most;
    private int _inFlight;
    private int _refusals;
    private long _notBefore;

    /// <summary>Requests allowed at once now.</summary>
    public int Limit
    {
        get
        {
            lock (_gate)
                return Math.Max(1, (int)_limit);
        }
    }

    /// <summary>Waits for a place and for the end of a pause. The place is given back with one of the other calls.</summary>
    public async Task EnterAsync(CancellationToken cancellationToken)
    {
        Task? turn = null;
        TaskCompletionSource? source = null;
        lock (_gate)
        {
            if (_inFlight < Math.Max(1, (int)_limit))
            {
                _inFlight++;
            }
            else
            {
                source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting.Enqueue(source);
                turn = source.Task;
            }
        }

        if (turn is not null)
        {
            using var registration = cancellationToken.Register(() => source!.TrySetCanceled(cancellationToken));
            await turn.ConfigureAwait(false);
        }

        try
        {
            while (Pause() is { } pause)
                await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Leave();
            throw;
        }
    }

    /// <summary>The request went well.</summary>
    public void Succeeded()
    {
        lock (_gate)
        {
            _refusals = 0;
            _limit = Math.Min(most, _limit + (1 / Math.Max(1, _limit)));
        }

        Leave();
    }

    /// <summary>The server is overloaded, blocked or away. Nothing is sent for a while.</summary>
    /// <param name="retryAfter">What the server asked for; kept to a minute.</param>
    public void Refused(TimeSpan? retryAfter)
    {
        lock (_gate)
        {
            _refusals = Math.Min(_refusals + 1, 30);
            _limit = Math.Max(1, _limit / 2);
            var bound = Math.Min(cap.TotalSeconds, first.TotalSeconds * Math.Pow(2, _refusals - 1));
            var wait = bound * _random.NextDouble();
            if (retryAfter is { } asked)
                wait = Math.Max(wait, Math.Min(asked.TotalSeconds, 60));
            _notBefore = Math.Max(_notBefore, time.GetTimestamp() + (long)(wait * time.TimestampFrequency));
        }

        Leave();
    }

    /// <summary>Gives the place back without a verdict.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            _inFlight--;
            while (_inFlight < Math.Max(1, (int)_limit) && _waiting.TryDequeue(out var next))
            {
                if (next.TrySetResult())
                    _inFlight++;
            }
        }
    }

    private TimeSpan? Pause()
    {
        lock (_gate)
        {
            var left = _notBefore - time.GetTimestamp();
            return left <= 0 ? null : TimeSpan.FromSeconds((double)left / time.TimestampFrequency) + TimeSpan.FromMilliseconds(1);
        }
    }
}
