using Streaming.Adapters.Sqlite.Native;
using Streaming.Contracts;
using Streaming.Core.Messaging;

namespace Streaming.Adapters.Sqlite.Log;

/// <summary>Appends to the store's log. On return the disk has it. Safe for concurrent calls, which share flushes.</summary>
internal sealed class EmbeddedProducer(StoreWriter writer, EmbeddedStoreOptions options, TimeProvider time) : IMessageProducer
{
    private int _turn;

    public async ValueTask<IReadOnlyList<ProduceResult>> ProduceAsync(string topic, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(topic);
        ArgumentNullException.ThrowIfNull(messages);
        PartitionTable.CheckName(topic);
        cancellationToken.ThrowIfCancellationRequested();
        if (messages.Count == 0)
            return [];

        var headers = new ReadOnlyMemory<byte>?[messages.Count];
        var refused = new bool[messages.Count];
        long bytes = 0;
        for (var i = 0; i < messages.Count; i++)
        {
            var message = messages[i];
            headers[i] = HeaderCodec.Encode(message.Headers);
            var size = (message.Key?.Length ?? 0L) + (message.Value?.Length ?? 0L) + (headers[i]?.Length ?? 0L);
            refused[i] = size > options.MaxMessageBytes;
            if (!refused[i])
                bytes += size + 32;
        }
        var now = LogTable.Ticks(time.GetUtcNow());
        var turn = Interlocked.Increment(ref _turn);
        return await writer.RunAsync<IReadOnlyList<ProduceResult>>(
            session =>
            {
                var partitions = session.Partitions.Ensure(topic);
                var results = new ProduceResult[messages.Count];
                for (var i = 0; i < messages.Count; i++)
                {
                    var message = messages[i];
                    var number = Choose(message.Key, partitions.Length, turn);
                    var place = new TopicPartition(topic, number);
                    if (refused[i])
                    {
                        results[i] = new ProduceResult(place, -1, ErrorCodes.MessageTooLarge);
                        continue;
                    }
                    var offset = session.Partitions.TakeOffset(partitions[number]);
                    var ticks = message.Timestamp is { } stamp ? LogTable.Ticks(stamp) : now;
                    LogTable.Append(session.Database, partitions[number], offset, message.Key, message.Value, headers[i], ticks);
                    results[i] = new ProduceResult(place, offset, null);
                }
                return results;
            },
            bytes).ConfigureAwait(false);
    }

    /// <summary>The store owns the connection; there is nothing to give back.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // Without a key a whole batch goes to one partition, the next batch to the next.
    private static int Choose(ReadOnlyMemory<byte>? key, int partitions, int turn)
    {
        if (partitions == 1)
            return 0;
        if (key is not { } bytes)
            return (int)((uint)turn % (uint)partitions);
        var sum = Checksum.Start(0);
        sum.Add(bytes.Span);
        return (int)(sum.Value % partitions);
    }
}
