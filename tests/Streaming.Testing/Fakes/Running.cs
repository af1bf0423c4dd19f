namespace Streaming.Testing.Fakes;

/// <summary>Something that runs from the start until it is disposed.</summary>
/// <param name="run">What runs; told when to stop.</param>
/// <param name="owned">Disposed behind it; may be null.</param>
public sealed class Running(Func<CancellationToken, Task> run, IAsyncDisposable? owned = null) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Starts it.</summary>
    public Running Start()
    {
        _running = Task.Run(() => run(_stop.Token));
        return this;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        if (owned is not null)
            await owned.DisposeAsync();
        _stop.Dispose();
    }
}
