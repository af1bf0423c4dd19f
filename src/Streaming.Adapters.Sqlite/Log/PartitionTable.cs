using Streaming.Adapters.Sqlite.Native;
using Streaming.Core;
using Streaming.Core.Messaging;

namespace Streaming.Adapters.Sqlite.Log;

/// <summary>Topics and partitions, as the write transaction in progress sees them.</summary>
internal sealed class PartitionTable(SqliteDatabase database, int defaultPartitions)
{
    private const int MaxTopicName = 249;

    // Ids never change, so they are kept; the next offset is another process's to move and is read once a transaction.
    private readonly Dictionary<string, long[]> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<long, (long Next, bool Changed)> _next = [];

    /// <summary>Forgets what belonged to the last transaction; after a rollback also the topics it may have made.</summary>
    internal void Begin(bool afterRollback)
    {
        _next.Clear();
        if (afterRollback)
            _ids.Clear();
    }

    /// <summary>Row ids of a topic's partitions, which are made when there are none yet.</summary>
    internal long[] Ensure(string topic, int? partitions = null)
    {
        if (!_ids.TryGetValue(topic, out var ids))
        {
            ids = Read(database, topic);
            if (ids.Length == 0)
                ids = Create(topic, partitions ?? defaultPartitions);
            _ids[topic] = ids;
        }
        if (partitions is { } wanted && wanted != ids.Length)
        {
            throw new StreamingException("topic_partitions_differ",
                $"Topic '{topic}' has {ids.Length} partitions, not {wanted}. The number is fixed when a topic is made, since it decides where keys go; use another topic name.");
        }
        return ids;
    }

    /// <summary>Row id of a partition that must exist.</summary>
    internal long Find(TopicPartition partition)
    {
        var ids = Ensure(partition.Topic);
        return partition.Partition >= 0 && partition.Partition < ids.Length
            ? ids[partition.Partition]
            : throw new InvalidOperationException($"Partition {partition} does not exist; this is a bug.");
    }

    /// <summary>The next free offset, which is then taken.</summary>
    internal long TakeOffset(long partitionId)
    {
        if (!_next.TryGetValue(partitionId, out var state))
        {
            var select = database.Prepare("SELECT next_offset FROM partitions WHERE id=?1").Bind(1, partitionId);
            if (!select.Step())
                throw SqliteErrors.Damaged(database.Path, "a partition is missing");
            state.Next = select.Int64(0);
            select.Reset();
        }
        _next[partitionId] = (state.Next + 1, true);
        return state.Next;
    }

    /// <summary>Writes the offsets taken. True when there were any.</summary>
    internal bool Flush()
    {
        var any = false;
        foreach (var (id, state) in _next)
        {
            if (!state.Changed)
                continue;
            database.Prepare("UPDATE partitions SET next_offset=?2 WHERE id=?1").Bind(1, id).Bind(2, state.Next).Run();
            any = true;
        }
        _next.Clear();
        return any;
    }

    internal static long[] Read(SqliteDatabase database, string topic)
    {
        var ids = new List<long>();
        var select = database.Prepare("SELECT id FROM partitions WHERE topic=?1 ORDER BY partition").BindText(1, topic);
        while (select.Step())
            ids.Add(select.Int64(0));
        return [.. ids];
    }

    internal static void CheckName(string topic)
    {
        if (topic.Length is 0 or > MaxTopicName || topic is "." or ".." || topic.AsSpan().ContainsAnyExcept(Allowed))
        {
            throw new StreamingException("invalid_topic",
                "A topic name has 1 to 249 characters out of a-z, A-Z, 0-9, '.', '_' and '-', and is not '.' or '..'.");
        }
    }

    private static readonly System.Buffers.SearchValues<char> Allowed =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    private long[] Create(string topic, int count)
    {
        if (count is < 1 or > 1_024)
            throw new StreamingException("invalid_partitions", $"A topic has 1 to 1,024 partitions, not {count}.");
        var ids = new long[count];
        for (var i = 0; i < count; i++)
        {
            database.Prepare("INSERT INTO partitions(topic, partition) VALUES(?1, ?2)").BindText(1, topic).Bind(2, i).Run();
            ids[i] = database.LastInsertRowId;
        }
        return ids;
    }
}
