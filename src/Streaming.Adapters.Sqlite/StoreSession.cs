using Streaming.Adapters.Sqlite.DeadLetters;
using Streaming.Adapters.Sqlite.Documents;
using Streaming.Adapters.Sqlite.Log;
using Streaming.Adapters.Sqlite.Native;
using Streaming.Core.Messaging;

namespace Streaming.Adapters.Sqlite;

/// <summary>What a write transaction works with; lives as long as the writer's connection.</summary>
internal sealed class StoreSession(SqliteDatabase database, EmbeddedStoreOptions options)
{
    internal SqliteDatabase Database { get; } = database;

    internal EmbeddedStoreOptions Options { get; } = options;

    internal PartitionTable Partitions { get; } = new(database, options.DefaultPartitions);

    internal DocumentTable Documents { get; } = new(database);

    internal DeadLetterTable DeadLetters { get; } = new(database);

    /// <summary>Set by a job that moved a committed offset.</summary>
    internal bool Committed { get; set; }

    internal void Begin(bool afterRollback)
    {
        Committed = false;
        Partitions.Begin(afterRollback);
        Documents.Begin(afterRollback);
    }

    /// <summary>Writes what was gathered in memory. True when messages were appended.</summary>
    internal bool Flush()
    {
        Documents.Flush();
        return Partitions.Flush();
    }

    /// <summary>Moves committed offsets forward, never back.</summary>
    internal void Commit(string group, IReadOnlyList<PartitionCommit> commits)
    {
        foreach (var commit in commits)
        {
            Database.Prepare("""
                INSERT INTO consumer_offsets(consumer_group, partition_id, next_offset) VALUES(?1, ?2, ?3)
                ON CONFLICT DO UPDATE SET next_offset=excluded.next_offset WHERE excluded.next_offset>next_offset
                """).BindText(1, group).Bind(2, Partitions.Find(commit.Partition)).Bind(3, commit.NextOffset).Run();
        }
        Committed |= commits.Count > 0;
    }
}
