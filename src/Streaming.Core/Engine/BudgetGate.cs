namespace Streaming.Core.Engine;

/// <summary>
/// Bounds what a pipeline holds, in documents and in bytes, from read to acknowledged. When it is full nothing is read:
/// that is the backpressure. Documents never exceed their bound; bytes by at most the one message that reaches it.
/// </summary>
internal sealed class BudgetGate(int maxDocuments, long maxBytes)
{
    /// <summary>Reading goes on when so much of the bound is free again, so that it is not done message by message.</summary>
    private const int ResumeShare = 8;

    private readonly Lock _lock = new();
    private readonly int _resume = Math.Max(1, maxDocuments / ResumeShare);
    private TaskCompletionSource? _waiting;
    private int _documents;
    private long _bytes;

    public int Documents => Volatile.Read(ref _documents);

    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Waits for room and says how much there is.</summary>
    public async ValueTask<(int Documents, long Bytes)> WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task wait;
            lock (_lock)
            {
                if (HasRoom())
                    return (maxDocuments - _documents, maxBytes - _bytes);
                _waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                wait = _waiting.Task;
            }

            await wait.WaitAsync(cancellationToken);
        }
    }

    public void Enter(int documents, long bytes)
    {
        lock (_lock)
        {
            _documents += documents;
            _bytes += bytes;
        }
    }

    public void Leave(int documents, long bytes)
    {
        TaskCompletionSource? wake = null;
        lock (_lock)
        {
            _documents -= documents;
            _bytes -= bytes;
            if (_documents < 0 || _bytes < 0)
                throw new InvalidOperationException("this is a bug: more left the pipeline than entered");
            if (_waiting is not null && HasRoom())
            {
                wake = _waiting;
                _waiting = null;
            }
        }

        wake?.SetResult();
    }

    private bool HasRoom() => _documents == 0 || (maxDocuments - _documents >= _resume && _bytes < maxBytes);
}
