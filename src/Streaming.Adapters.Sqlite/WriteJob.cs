namespace Streaming.Adapters.Sqlite;

/// <summary>Something to do inside a write transaction. Jobs that wait together share one transaction and one flush to disk.</summary>
internal abstract class WriteJob
{
    /// <summary>Bytes it will write, about; bounds how much goes into one transaction.</summary>
    internal virtual long Bytes => 0;

    /// <summary>True for a job that must not be run twice, even when the first run was undone: it closes its transaction.</summary>
    internal virtual bool RunsOnce => false;

    /// <summary>Does the work. What it throws that is not the store's own failure fails this job alone.</summary>
    internal abstract void Run(StoreSession session);

    /// <summary>It is on disk.</summary>
    internal abstract void Succeed();

    /// <summary>Nothing of it is stored.</summary>
    internal abstract void Fail(Exception error);
}

/// <summary>A job whose result is awaited.</summary>
internal sealed class WriteJob<T>(Func<StoreSession, T> run, long bytes = 0, bool runsOnce = false) : WriteJob
{
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T _result = default!;

    internal Task<T> Completion => _completion.Task;

    internal override long Bytes => bytes;

    internal override bool RunsOnce => runsOnce;

    internal override void Run(StoreSession session) => _result = run(session);

    internal override void Succeed() => _completion.TrySetResult(_result);

    internal override void Fail(Exception error) => _completion.TrySetException(error);
}
