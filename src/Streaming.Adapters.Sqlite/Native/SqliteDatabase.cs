using SQLitePCL;
using Streaming.Core;

namespace Streaming.Adapters.Sqlite.Native;

/// <summary>One connection, used by one thread at a time.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    private readonly sqlite3 _handle;
    private readonly Dictionary<string, SqliteStatement> _statements = new(StringComparer.Ordinal);
    private readonly int _busyMilliseconds;

    private SqliteDatabase(string path, sqlite3 handle, int busyMilliseconds)
    {
        Path = path;
        _handle = handle;
        _busyMilliseconds = busyMilliseconds;
    }

    internal static string LibraryVersion
    {
        get
        {
            Batteries_V2.Init();
            return raw.sqlite3_libversion().utf8_to_string() ?? "";
        }
    }

    internal string Path { get; }

    /// <summary>Opens the file, creating it when <paramref name="create"/> is set.</summary>
    internal static SqliteDatabase Open(string path, bool create, long cacheBytes, TimeSpan busyTimeout)
    {
        Batteries_V2.Init();
        ChecksumFileSystem.Register();
        var flags = raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_NOMUTEX | (create ? raw.SQLITE_OPEN_CREATE : 0);
        var code = raw.sqlite3_open_v2(path, out var handle, flags, ChecksumFileSystem.Name);
        var database = new SqliteDatabase(path, handle, (int)busyTimeout.TotalMilliseconds);
        try
        {
            if (code != raw.SQLITE_OK)
                throw database.Error(code);
            raw.sqlite3_extended_result_codes(handle, 1);
            raw.sqlite3_busy_timeout(handle, database._busyMilliseconds);
            if (create)
                ChecksumFileSystem.ReserveChecksumBytes(handle);
            // No memory map: reads must pass the checksums, and memory must stay bounded.
            database.Execute($"PRAGMA mmap_size=0; PRAGMA cache_size=-{Math.Max(64, cacheBytes / 1024)}; PRAGMA temp_store=MEMORY; " +
                "PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0");
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    internal void Execute(string sql)
    {
        var code = raw.sqlite3_exec(_handle, sql);
        if (code != raw.SQLITE_OK)
            throw Error(code);
    }

    /// <summary>Takes the write lock, trying again every millisecond or two: SQLite's own waits grow to a tenth of a second and starve.</summary>
    internal void BeginImmediate(WriteTurn turn, TimeProvider time)
    {
        raw.sqlite3_busy_timeout(_handle, 0);
        try
        {
            var begin = Prepare("BEGIN IMMEDIATE");
            var start = time.GetTimestamp();
            using var held = turn.Take();
            while (true)
            {
                try
                {
                    begin.Run();
                    return;
                }
                catch (DependencyUnavailableException e) when (e.Code == "store_busy" && time.GetElapsedTime(start).TotalMilliseconds < _busyMilliseconds)
                {
                    turn.Pause();
                }
            }
        }
        finally
        {
            raw.sqlite3_busy_timeout(_handle, _busyMilliseconds);
        }
    }

    /// <summary>A statement for these words, prepared once.</summary>
    internal SqliteStatement Prepare(string sql)
    {
        if (_statements.TryGetValue(sql, out var statement))
            return statement;
        var code = raw.sqlite3_prepare_v3(_handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var handle);
        if (code != raw.SQLITE_OK)
            throw Error(code);
        return _statements[sql] = new SqliteStatement(this, handle);
    }

    internal long Scalar(string sql)
    {
        var statement = Prepare(sql);
        var value = statement.Step() ? statement.Int64(0) : 0;
        statement.Reset();
        return value;
    }

    internal long LastInsertRowId => raw.sqlite3_last_insert_rowid(_handle);

    internal int Changes => raw.sqlite3_changes(_handle);

    /// <summary>True between BEGIN and COMMIT; SQLite rolls back by itself on some errors.</summary>
    internal bool InTransaction => raw.sqlite3_get_autocommit(_handle) == 0;

    /// <summary>Asked every so many steps of the virtual machine; true stops the statement.</summary>
    internal void InterruptWhen(Func<bool>? stop)
    {
        if (stop is null)
            raw.sqlite3_progress_handler(_handle, 0, null, null);
        else
            raw.sqlite3_progress_handler(_handle, 5_000, _ => stop() ? 1 : 0, null);
    }

    /// <summary>Copies the log ahead of time into the file and empties it; readers of older states hold it back for at most <paramref name="patience"/>.</summary>
    /// <returns>True when the log is empty now.</returns>
    internal bool Checkpoint(TimeSpan patience)
    {
        raw.sqlite3_busy_timeout(_handle, (int)patience.TotalMilliseconds);
        try
        {
            var code = raw.sqlite3_wal_checkpoint_v2(_handle, "main", raw.SQLITE_CHECKPOINT_TRUNCATE, out _, out _);
            if ((code & 0xff) == raw.SQLITE_BUSY)
                return false;
            return code == raw.SQLITE_OK ? true : throw Error(code);
        }
        finally
        {
            raw.sqlite3_busy_timeout(_handle, _busyMilliseconds);
        }
    }

    internal Exception Error(int code)
    {
        var extended = raw.sqlite3_extended_errcode(_handle);
        var detail = raw.sqlite3_errmsg(_handle).utf8_to_string() ?? "";
        return SqliteErrors.Create((extended & 0xff) == (code & 0xff) ? extended : code, Path, detail);
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
            statement.Dispose();
        _statements.Clear();
        _handle.Dispose();
    }
}
