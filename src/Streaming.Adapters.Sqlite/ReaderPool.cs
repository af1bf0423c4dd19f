using System.Collections.Concurrent;
using Streaming.Adapters.Sqlite.Native;

namespace Streaming.Adapters.Sqlite;

/// <summary>A few connections for short reads, each used by one caller at a time.</summary>
internal sealed class ReaderPool(Func<SqliteDatabase> open) : IDisposable
{
    internal const int Size = 4;

    private readonly ConcurrentBag<SqliteDatabase> _idle = [];
    private readonly SemaphoreSlim _free = new(Size, Size);
    private volatile bool _closed;

    /// <summary>Runs on the thread pool: reading a file is not asynchronous.</summary>
    internal async Task<T> RunAsync<T>(Func<SqliteDatabase, T> read, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(EmbeddedStore));
            return await Task.Run(
                () =>
                {
                    var database = _idle.TryTake(out var idle) ? idle : open();
                    try
                    {
                        return read(database);
                    }
                    finally
                    {
                        _idle.Add(database);
                    }
                },
                cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _free.Release();
        }
    }

    /// <summary>Waits for reads in progress, then closes.</summary>
    internal async ValueTask CloseAsync()
    {
        _closed = true;
        for (var i = 0; i < Size; i++)
            await _free.WaitAsync().ConfigureAwait(false);
        Dispose();
        _free.Release(Size);
    }

    public void Dispose()
    {
        _closed = true;
        while (_idle.TryTake(out var database))
            database.Dispose();
    }
}
