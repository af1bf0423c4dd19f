using Streaming.Adapters.Sqlite.Log;
using Streaming.Adapters.Sqlite.Native;
using Streaming.Core;

namespace Streaming.Adapters.Sqlite;

/// <summary>
/// The one writer of a process: a thread that takes waiting jobs together, runs them in one transaction and tells each
/// when the disk has it. Under load many callers share one flush; alone, a caller waits for no one.
/// </summary>
internal sealed class StoreWriter : IDisposable
{
    private const int MaxJobs = 256;
    private const long MaxBytes = 4 * 1024 * 1024;
    private const int MaxWaitingJobs = 4_096;

    private readonly SqliteDatabase _database;
    private readonly StoreSession _session;
    private readonly EmbeddedStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly WriteTurn _turn;
    private readonly Action _appended;
    private readonly Queue<WriteJob> _waiting = [];
    private readonly object _gate = new();
    private readonly Thread _thread;
    private bool _closing;
    private bool _rolledBack;
    private bool _removable;
    private long _lastRemoval;

    internal StoreWriter(SqliteDatabase database, WriteTurn turn, EmbeddedStoreOptions options, TimeProvider time, Action appended)
    {
        _database = database;
        _session = new StoreSession(database, options);
        _options = options;
        _time = time;
        _turn = turn;
        _appended = appended;
        _thread = new Thread(Loop) { IsBackground = true, Name = "streaming-store-writer" };
        _thread.Start();
    }

    internal Task<T> RunAsync<T>(Func<StoreSession, T> run, long bytes = 0, bool runsOnce = false)
    {
        var job = new WriteJob<T>(run, bytes, runsOnce);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing, typeof(EmbeddedStore));
            // Callers await their jobs, so the queue is as long as there are callers; beyond any sane number it is a bug.
            if (_waiting.Count >= MaxWaitingJobs)
                throw new DependencyUnavailableException("store_overloaded", "Too many writes wait for the store. Send larger batches from fewer callers.");
            _waiting.Enqueue(job);
            Monitor.Pulse(_gate);
        }
        return job.Completion;
    }

    /// <summary>Finishes what waits, then ends the thread and closes the connection.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_closing)
                return;
            _closing = true;
            Monitor.Pulse(_gate);
        }
        _thread.Join();
        _database.Dispose();
    }

    private void Loop()
    {
        var group = new List<WriteJob>();
        while (Take(group))
        {
            RunGroup(group);
            group.Clear();
        }
        TryCheckpoint(TimeSpan.Zero);
    }

    private bool Take(List<WriteJob> group)
    {
        lock (_gate)
        {
            while (_waiting.Count == 0)
            {
                if (_closing)
                    return false;
                Monitor.Wait(_gate);
            }
            long bytes = 0;
            while (group.Count < MaxJobs && _waiting.TryPeek(out var job))
            {
                if (group.Count > 0 && bytes + job.Bytes > MaxBytes)
                    break;
                group.Add(_waiting.Dequeue());
                bytes += job.Bytes;
                if (job.RunsOnce)
                    break;
            }
            return true;
        }
    }

    private void RunGroup(List<WriteJob> group)
    {
        while (group.Count > 0)
        {
            WriteJob? culprit = null;
            try
            {
                MakeRoom();
                _database.BeginImmediate(_turn, _time);
                _session.Begin(_rolledBack);
                _rolledBack = false;
                foreach (var job in group)
                {
                    culprit = job;
                    job.Run(_session);
                }
                culprit = null;
                var appended = _session.Flush();
                RemoveConsumed();
                _database.Prepare("COMMIT").Run();
                if (appended)
                    _appended();
                foreach (var job in group)
                    job.Succeed();
                TryCheckpoint(TimeSpan.FromMilliseconds(20));
                return;
            }
            catch (Exception error)
            {
                Rollback();
                // The store's own failure hits everyone alike; anything else is one job's, and the others go on without it.
                if (error is DependencyUnavailableException || culprit is null)
                {
                    foreach (var job in group)
                        job.Fail(error);
                    return;
                }
                culprit.Fail(error);
                group.Remove(culprit);
            }
        }
    }

    private void RemoveConsumed()
    {
        if (_options.RetainConsumed is not { } retain || !_session.Committed)
            return;
        // Once a second is enough, unless the last time left some.
        if (!_removable && _lastRemoval != 0 && _time.GetElapsedTime(_lastRemoval) < TimeSpan.FromSeconds(1))
            return;
        _removable = Retention.Run(_database, _time.GetUtcNow() - retain);
        _lastRemoval = _time.GetTimestamp();
    }

    private void Rollback()
    {
        _rolledBack = true;
        try
        {
            if (_database.InTransaction)
                _database.Execute("ROLLBACK");
        }
        catch (StreamingException)
        {
            // The next BEGIN says what is wrong.
        }
    }

    /// <summary>Keeps the log ahead within its bound: beyond it, waits for whoever reads an old state, then refuses.</summary>
    private void MakeRoom()
    {
        // What one transaction may add stays below the bound too.
        if (WalBytes() <= _options.MaxWalBytes - 2 * MaxBytes || _database.Checkpoint(_options.BusyTimeout))
            return;
        throw new DependencyUnavailableException("store_reader_blocks",
            $"A program has been reading the store '{_database.Path}' for so long that its log cannot be emptied. Close other programs that have the file open; writing goes on by itself then.");
    }

    private void TryCheckpoint(TimeSpan patience)
    {
        try
        {
            if (WalBytes() >= (patience == TimeSpan.Zero ? 1 : _options.CheckpointBytes))
                _database.Checkpoint(patience);
        }
        catch (StreamingException)
        {
            // Everything is in the log ahead; the next write says what is wrong if it lasts.
        }
    }

    private long WalBytes()
    {
        var file = new FileInfo(_database.Path + "-wal");
        return file.Exists ? file.Length : 0;
    }
}
