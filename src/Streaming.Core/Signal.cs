namespace Streaming.Core;

/// <summary>Wakes everyone who waits for something to happen again. Safe for concurrent use.</summary>
public sealed class Signal
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _next = New();

    /// <summary>Completes at the first <see cref="Raise"/> after this call. Take it before looking, so that none is missed.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    /// <summary>It has happened.</summary>
    public void Raise()
    {
        TaskCompletionSource raised;
        lock (_lock)
        {
            raised = _next;
            _next = New();
        }

        raised.SetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
