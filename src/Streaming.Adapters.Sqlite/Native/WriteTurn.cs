namespace Streaming.Adapters.Sqlite.Native;

/// <summary>
/// Lets the processes that write one file take turns. Whoever waits for the write lock holds this small lock, so a busy
/// writer that has just finished stands behind it instead of starting over at once.
/// </summary>
internal sealed class WriteTurn : IDisposable
{
    private readonly FileStream? _file;
    private readonly ManualResetEventSlim _never = new(false);

    internal WriteTurn(string storePath)
    {
        try
        {
            _file = new FileStream(storePath + "-turn", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, 1);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Only fairness is lost here; whether the folder can be written at all is the caller's question.
            Refusal = e;
        }
    }

    /// <summary>Why there is no lock file, or null.</summary>
    internal Exception? Refusal { get; }

    /// <summary>Waits for a turn; gives up quietly after a second, since the lock that counts is SQLite's.</summary>
    internal Held Take()
    {
        if (_file is null || OperatingSystem.IsMacOS())
            return default;
        for (var attempt = 0; attempt < 500; attempt++)
        {
            try
            {
                _file.Lock(0, 1);
                return new Held(_file);
            }
            catch (IOException)
            {
                Pause();
            }
        }
        return default;
    }

    /// <summary>Between one and two milliseconds, on the writer's own thread.</summary>
    internal void Pause() => _never.Wait(1);

    public void Dispose()
    {
        _file?.Dispose();
        _never.Dispose();
    }

    internal readonly struct Held(FileStream? file) : IDisposable
    {
        public void Dispose()
        {
            if (file is not null && !OperatingSystem.IsMacOS())
                file.Unlock(0, 1);
        }
    }
}
