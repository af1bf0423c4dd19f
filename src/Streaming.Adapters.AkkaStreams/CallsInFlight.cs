namespace Streaming.Adapters.AkkaStreams;

/// <summary>
/// Counts the calls that a graph has under way. A graph that fails is gone at once and leaves its calls alone; a run must not
/// return before they have, or a write could still be applied after the partition was given back.
/// </summary>
internal sealed class CallsInFlight
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;
    private bool _closed;

    /// <returns>False once no call may begin any more.</returns>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (_closed)
                return false;
            _running++;
            return true;
        }
    }

    /// <summary>A call has returned.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            if (--_running > 0 || !_closed)
                return;
        }

        _over.TrySetResult();
    }

    /// <summary>From here on no call begins. Completes when the last has returned.</summary>
    public Task CloseAsync()
    {
        lock (_lock)
        {
            _closed = true;
            if (_running == 0)
                _over.TrySetResult();
        }

        return _over.Task;
    }
}
