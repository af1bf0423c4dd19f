using Streaming.Adapters.Sqlite.Native;
using Streaming.Contracts;
using Streaming.Core.Messaging;

namespace Streaming.Adapters.Sqlite.Log;

/// <summary>Rows of the log: appending within a transaction, reading from any connection.</summary>
internal static class LogTable
{
    internal const long MaxOffset = (1L << StoreSchema.OffsetBits) - 1;

    internal static long RowId(long partitionId, long offset) => (partitionId << StoreSchema.OffsetBits) | offset;

    /// <summary>Time as 100 ns since 1970, which keeps a <see cref="DateTimeOffset"/> whole.</summary>
    internal static long Ticks(DateTimeOffset time) => time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;

    internal static DateTimeOffset Time(long ticks) => new(ticks + DateTimeOffset.UnixEpoch.Ticks, TimeSpan.Zero);

    internal static void Append(
        SqliteDatabase database, long partitionId, long offset, ReadOnlyMemory<byte>? key, ReadOnlyMemory<byte>? value, ReadOnlyMemory<byte>? headers, long time)
    {
        var id = RowId(partitionId, offset);
        var sum = Checksum.Start(id);
        sum.Add(time);
        sum.Add(key);
        sum.Add(value);
        sum.Add(headers);
        database.Prepare("INSERT INTO log(id, time, key, value, headers, checksum) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")
            .Bind(1, id).Bind(2, time).Bind(3, key).Bind(4, value).Bind(5, headers).Bind(6, sum.Value)
            .Run();
    }

    /// <summary>Reads on from an offset, in order and without gaps, and appends to <paramref name="into"/>.</summary>
    /// <returns>The offset to go on from.</returns>
    internal static long Read(
        SqliteDatabase database, TopicPartition partition, long partitionId, long from, int epoch, int maxMessages, ref long bytesLeft, List<SourceMessage> into)
    {
        var select = database.Prepare("SELECT id, time, key, value, headers, checksum FROM log WHERE id>=?1 AND id<=?2 ORDER BY id LIMIT ?3")
            .Bind(1, RowId(partitionId, from)).Bind(2, RowId(partitionId, MaxOffset)).Bind(3, maxMessages);
        try
        {
            while (bytesLeft > 0 && select.Step())
            {
                var id = select.Int64(0);
                // The log has no gaps: a row that is not there was lost.
                if (id != RowId(partitionId, from))
                    throw SqliteErrors.Damaged(database.Path, $"message {partition}@{from} is missing");
                var time = select.Int64(1);
                var key = select.Memory(2);
                var value = select.Memory(3);
                var headers = select.Memory(4);
                var sum = Checksum.Start(id);
                sum.Add(time);
                sum.Add(key);
                sum.Add(value);
                sum.Add(headers);
                if (sum.Value != select.Int64(5))
                    throw SqliteErrors.Damaged(database.Path, $"message {partition}@{from} is not what was written");
                var message = new SourceMessage
                {
                    Partition = partition,
                    Offset = from,
                    Epoch = epoch,
                    Key = key,
                    Value = value,
                    Headers = headers is { } packed ? HeaderCodec.Decode(packed.Span) : [],
                    Timestamp = Time(time),
                };
                into.Add(message);
                bytesLeft -= message.SizeInBytes;
                from++;
            }
        }
        finally
        {
            select.Reset();
        }
        return from;
    }
}
