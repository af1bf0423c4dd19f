using SQLitePCL;
using Streaming.Core;

namespace Streaming.Adapters.Sqlite.Native;

/// <summary>Turns SQLite result codes into the errors that callers know.</summary>
internal static class SqliteErrors
{
    /// <summary>A page's checksum is wrong: SQLITE_IOERR_DATA.</summary>
    internal const int BadChecksum = raw.SQLITE_IOERR | (32 << 8);

    internal static Exception Create(int code, string path, string detail)
    {
        if (code == BadChecksum)
            return Damaged(path, "a page's checksum is wrong");
        return (code & 0xff) switch
        {
            raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => Damaged(path, detail),
            raw.SQLITE_FULL => new DependencyUnavailableException("store_disk_full",
                $"The disk of the store '{path}' is full. Free some space or move the data folder (--data, STREAMING_DATA). Nothing acknowledged is lost."),
            raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_AUTH => new DependencyUnavailableException("store_read_only",
                $"The store '{path}' cannot be written ({detail}). Make the data folder writable or choose another (--data, STREAMING_DATA)."),
            raw.SQLITE_CANTOPEN => new DependencyUnavailableException("store_unavailable",
                $"The store '{path}' cannot be opened ({detail}). Check the data folder and its rights (--data, STREAMING_DATA)."),
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_PROTOCOL => new DependencyUnavailableException("store_busy",
                $"Another program has kept the store '{path}' locked for too long. Close whatever else has it open, then try again."),
            raw.SQLITE_IOERR => new DependencyUnavailableException("store_io_error",
                $"The disk of the store '{path}' failed (SQLite code {code}: {detail}). Check the disk; start again with the same data folder."),
            raw.SQLITE_NOMEM => new DependencyUnavailableException("store_out_of_memory",
                $"There is not enough memory to go on with the store '{path}'."),
            raw.SQLITE_INTERRUPT => new OperationCanceledException("The statement was interrupted."),
            _ => new InvalidOperationException($"SQLite said {code} ({detail}); this is a bug."),
        };
    }

    /// <summary>Not an outage: waiting does not mend a file, so whoever retries outages must not retry this.</summary>
    internal static StreamingException Damaged(string path, string detail) => new("store_damaged",
        $"The store '{path}' is damaged ({detail}). Put back a copy, or move the file away and ingest again; nothing is read from damaged parts.",
        ExitCode.DependencyUnavailable);
}
