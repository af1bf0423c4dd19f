using Streaming.Adapters.Sqlite.Log;
using Streaming.Adapters.Sqlite.Native;
using Streaming.Core.Sinks;

namespace Streaming.Adapters.Sqlite.Status;

/// <summary>Rows of totals.</summary>
internal static class TopologyTable
{
    internal static bool Register(
        StoreSession session, string topology, string group, IReadOnlyList<string> topics, string? model, string? modelVersion, long now)
    {
        session.Database.Prepare("""
            INSERT INTO topologies(name, consumer_group, model, model_version, updated) VALUES(?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO UPDATE SET consumer_group=excluded.consumer_group,
              model=coalesce(excluded.model, model), model_version=coalesce(excluded.model_version, model_version), updated=excluded.updated
            """).BindText(1, topology).BindText(2, group).BindText(3, model).BindText(4, modelVersion).Bind(5, now).Run();
        foreach (var topic in topics)
        {
            foreach (var partition in session.Partitions.Ensure(topic))
            {
                session.Database.Prepare("""
                    INSERT OR IGNORE INTO consumer_offsets(consumer_group, partition_id, next_offset) SELECT ?1, id, first_offset FROM partitions WHERE id=?2
                    """).BindText(1, group).Bind(2, partition).Run();
            }
        }
        return true;
    }

    internal static IReadOnlyList<TopologyStatus> Read(SqliteDatabase database, DateTimeOffset now)
    {
        var rows = new List<(TopologyStatus Status, string Group)>();
        database.Prepare("BEGIN").Run();
        try
        {
            var select = database.Prepare("""
                SELECT t.name, t.consumer_group, t.model, t.model_version, t.indexed, t.dead_lettered, t.filtered, t.deleted, t.updated,
                  (SELECT coalesce(sum(p.next_offset),0) FROM consumer_offsets o JOIN partitions p ON p.id=o.partition_id WHERE o.consumer_group=t.consumer_group)
                FROM topologies t ORDER BY t.name
                """);
            while (select.Step())
            {
                var status = new TopologyStatus(
                    select.Text(0),
                    select.Int64(9),
                    new OutcomeCounts(select.Int64(4), select.Int64(5), select.Int64(6), select.Int64(7)),
                    0,
                    null,
                    select.IsNull(2) ? null : select.Text(2),
                    select.IsNull(3) ? null : select.Text(3),
                    false,
                    LogTable.Time(select.Int64(8)));
                rows.Add((status, select.Text(1)));
            }
            var answer = new List<TopologyStatus>(rows.Count);
            foreach (var (status, group) in rows)
            {
                var lag = EmbeddedSource.Lag(database, group, now);
                answer.Add(status with { Backlog = lag.Messages, OldestAge = lag.Age, Running = GroupLease.IsTaken(database.Path, group) });
            }
            return answer;
        }
        finally
        {
            if (database.InTransaction)
                database.Execute("ROLLBACK");
        }
    }
}
