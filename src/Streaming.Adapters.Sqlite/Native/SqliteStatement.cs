using System.Text;
using SQLitePCL;

namespace Streaming.Adapters.Sqlite.Native;

/// <summary>A prepared statement, kept for the life of its connection. Indexes of parameters start at 1, of columns at 0.</summary>
internal sealed class SqliteStatement : IDisposable
{
    private readonly SqliteDatabase _database;
    private readonly sqlite3_stmt _handle;

    internal SqliteStatement(SqliteDatabase database, sqlite3_stmt handle)
    {
        _database = database;
        _handle = handle;
    }

    internal SqliteStatement Bind(int index, long value)
    {
        Check(raw.sqlite3_bind_int64(_handle, index, value));
        return this;
    }

    internal SqliteStatement Bind(int index, ReadOnlySpan<byte> value)
    {
        Check(value.IsEmpty ? raw.sqlite3_bind_zeroblob(_handle, index, 0) : raw.sqlite3_bind_blob(_handle, index, value));
        return this;
    }

    /// <summary>Null stays null: it is not the same as no bytes.</summary>
    internal SqliteStatement Bind(int index, ReadOnlyMemory<byte>? value) =>
        value is { } bytes ? Bind(index, bytes.Span) : BindNull(index);

    internal SqliteStatement BindNull(int index)
    {
        Check(raw.sqlite3_bind_null(_handle, index));
        return this;
    }

    internal SqliteStatement BindText(int index, ReadOnlySpan<byte> utf8)
    {
        // An empty span has no address, which SQLite would take for null.
        Check(utf8.IsEmpty ? raw.sqlite3_bind_text(_handle, index, "") : raw.sqlite3_bind_text(_handle, index, utf8));
        return this;
    }

    internal SqliteStatement BindText(int index, string? value)
    {
        if (value is null)
            return BindNull(index);
        return BindText(index, Encoding.UTF8.GetBytes(value));
    }

    /// <summary>True when there is a row; false at the end, when the statement is reset for its next use.</summary>
    internal bool Step()
    {
        var code = raw.sqlite3_step(_handle);
        if (code == raw.SQLITE_ROW)
            return true;
        if (code == raw.SQLITE_DONE)
        {
            Reset();
            return false;
        }
        var error = _database.Error(code);
        Reset();
        throw error;
    }

    /// <summary>Runs a statement that gives no rows, or whose rows do not matter.</summary>
    internal void Run()
    {
        while (Step())
        {
        }
    }

    internal void Reset() => raw.sqlite3_reset(_handle);

    internal bool IsNull(int column) => raw.sqlite3_column_type(_handle, column) == raw.SQLITE_NULL;

    internal long Int64(int column) => raw.sqlite3_column_int64(_handle, column);

    internal double Double(int column) => raw.sqlite3_column_double(_handle, column);

    /// <summary>Valid until the next step or reset.</summary>
    internal ReadOnlySpan<byte> Blob(int column) => raw.sqlite3_column_blob(_handle, column);

    /// <summary>A copy of the bytes; null stays null, which a byte array in between would lose.</summary>
    internal ReadOnlyMemory<byte>? Memory(int column) => IsNull(column) ? default(ReadOnlyMemory<byte>?) : new ReadOnlyMemory<byte>(Blob(column).ToArray());

    internal string Text(int column) => raw.sqlite3_column_text(_handle, column).utf8_to_string() ?? "";

    public void Dispose() => _handle.Dispose();

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
            throw _database.Error(code);
    }
}
