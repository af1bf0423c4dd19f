namespace Streaming.Adapters.Sqlite.Log;

/// <summary>Wakes everyone who waits for messages of this process.</summary>
internal sealed class AppendSignal
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _next = NewSignal();

    /// <summary>Completes at the first append after this call. Take it before looking, so that none is missed.</summary>
    internal Task Next => Volatile.Read(ref _next).Task;

    internal void Raise()
    {
        TaskCompletionSource raised;
        lock (_lock)
        {
            raised = _next;
            _next = NewSignal();
        }

        raised.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
