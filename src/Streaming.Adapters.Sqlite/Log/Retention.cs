using Streaming.Adapters.Sqlite.Native;

namespace Streaming.Adapters.Sqlite.Log;

/// <summary>Removes messages that every consumer group has committed and that are old enough, a few at a time.</summary>
internal static class Retention
{
    /// <summary>Rows removed in one transaction, so that nobody waits long behind it.</summary>
    private const int MaxRows = 2_000;

    /// <summary>True when there may be more to remove at once.</summary>
    internal static bool Run(SqliteDatabase database, DateTimeOffset olderThan)
    {
        var removable = new List<(long Id, long First, long End)>();
        var select = database.Prepare("""
            SELECT p.id, p.first_offset, min(o.next_offset) FROM partitions p JOIN consumer_offsets o ON o.partition_id=p.id
            GROUP BY p.id HAVING min(o.next_offset)>p.first_offset
            """);
        while (select.Step())
            removable.Add((select.Int64(0), select.Int64(1), select.Int64(2)));
        var left = MaxRows;
        foreach (var (id, first, end) in removable)
        {
            // Producers' timestamps need not rise; the log stays free of gaps, so the first young message ends it.
            var young = database.Prepare("SELECT id FROM log WHERE id>=?1 AND id<?2 AND time>=?3 ORDER BY id LIMIT 1")
                .Bind(1, LogTable.RowId(id, first)).Bind(2, LogTable.RowId(id, Math.Min(end, first + left))).Bind(3, LogTable.Ticks(olderThan));
            var until = Math.Min(end, first + left);
            if (young.Step())
            {
                until = young.Int64(0) - LogTable.RowId(id, 0);
                young.Reset();
            }
            if (until == first)
                continue;
            database.Prepare("DELETE FROM log WHERE id>=?1 AND id<?2").Bind(1, LogTable.RowId(id, first)).Bind(2, LogTable.RowId(id, until)).Run();
            database.Prepare("UPDATE partitions SET first_offset=?2 WHERE id=?1").Bind(1, id).Bind(2, until).Run();
            left -= (int)(until - first);
            if (left <= 0)
                return true;
        }
        return false;
    }
}
