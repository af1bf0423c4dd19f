using System.Runtime.InteropServices;
using System.Text;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka.Native;

/// <summary>What one poll brought: messages, and errors of partitions.</summary>
internal sealed class PollResult
{
    public List<SourceMessage> Messages { get; } = new(256);

    public List<PollError> Errors { get; } = [];

    public void Clear()
    {
        Messages.Clear();
        Errors.Clear();
    }
}

/// <summary>An error the client reported in place of a message.</summary>
internal readonly record struct PollError(Client.ErrorCode Code, TopicPartition Partition, string Detail);

/// <summary>
/// A consumer's queue, read many messages at a time. Confluent.Kafka's own call makes half a dozen objects a message;
/// this one copies a whole batch into one slab. One thread polls; <see cref="Wake"/> may come from any.
/// </summary>
internal sealed unsafe class ConsumerQueue : IDisposable
{
    private const int SlabBytes = 64 * 1024;
    private readonly SafeHandle _client;
    private readonly nint _queue;
    private readonly RdKafka.Message** _pointers;
    private readonly int _capacity;
    private readonly List<(byte[] Utf8, string Name)> _topics = [];
    private readonly Lock _gate = new();
    private bool _disposed;

    public ConsumerQueue(Client.Handle handle, int capacity)
    {
        _client = NativeHandle.Of(handle);
        _queue = RdKafka.QueueGetConsumer(_client.DangerousGetHandle());
        _capacity = capacity;
        _pointers = (RdKafka.Message**)NativeMemory.Alloc((nuint)capacity, (nuint)sizeof(nint));
    }

    /// <summary>Waits up to <paramref name="timeoutMs"/> for the first message, then takes what else is there. Serves callbacks.</summary>
    /// <param name="result">Cleared by the caller.</param>
    /// <param name="timeoutMs">Milliseconds.</param>
    /// <param name="accept">Takes a message's place and time; its epoch, or -1 to drop the message.</param>
    public void Poll(PollResult result, int timeoutMs, Func<TopicPartition, long, DateTimeOffset, int> accept)
    {
        // The batch call waits until it is full, so the first message is waited for alone.
        var count = (int)RdKafka.ConsumeBatchQueue(_queue, timeoutMs, _pointers, 1);
        if (count > 0)
            count += Math.Max(0, (int)RdKafka.ConsumeBatchQueue(_queue, 0, _pointers + 1, (nuint)(_capacity - 1)));

        byte[] slab = [];
        var used = 0;
        for (var i = 0; i < count; i++)
        {
            var message = _pointers[i];
            var partition = message->Topic == 0 ? default : new TopicPartition(TopicOf(message->Topic), message->Partition);
            if (message->Error != 0)
            {
                var detail = message->Payload is null ? "" : Encoding.UTF8.GetString(message->Payload, (int)message->Length);
                result.Errors.Add(new PollError((Client.ErrorCode)message->Error, partition, detail));
            }
            else
            {
                int type;
                var timestamp = KafkaTime.From(RdKafka.MessageTimestamp(message, &type));
                var epoch = accept(partition, message->Offset, timestamp);
                if (epoch >= 0)
                {
                    var needed = (int)(message->Length + message->KeyLength);
                    if (slab.Length - used < needed)
                    {
                        slab = new byte[SlabFor(i, count, needed)];
                        used = 0;
                    }

                    result.Messages.Add(Copy(message, partition, epoch, timestamp, slab, ref used));
                }
            }

            RdKafka.MessageDestroy(message);
        }
    }

    /// <summary>Ends a poll that waits, or the next one.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            if (!_disposed)
                RdKafka.QueueYield(_queue);
        }
    }

    /// <summary>Commits. With <paramref name="wait"/> the answer is the error; without it, the offsets-committed handler hears it.</summary>
    public Client.ErrorCode Commit(IReadOnlyList<PartitionCommit> commits, string metadata, bool wait)
    {
        var client = _client.DangerousGetHandle();
        var bytes = Encoding.UTF8.GetBytes(metadata);
        var list = RdKafka.PartitionListNew(commits.Count);
        try
        {
            for (var i = 0; i < commits.Count; i++)
            {
                var element = RdKafka.PartitionListAdd(list, commits[i].Partition.Topic, commits[i].Partition.Partition);
                element->Offset = commits[i].NextOffset;
                if (bytes.Length == 0)
                    continue;
                // The list frees it, so it comes from the library's own allocator.
                element->Metadata = RdKafka.Allocate(client, (nuint)bytes.Length);
                element->MetadataSize = (nuint)bytes.Length;
                bytes.CopyTo(new Span<byte>(element->Metadata, bytes.Length));
            }

            return (Client.ErrorCode)RdKafka.Commit(client, list, wait ? 0 : 1);
        }
        finally
        {
            RdKafka.PartitionListDestroy(list);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            RdKafka.QueueDestroy(_queue);
            NativeMemory.Free(_pointers);
        }
    }

    private int SlabFor(int from, int count, int needed)
    {
        // One slab for the messages that follow, as far as it stays off the large object heap; a large message gets its own.
        var size = needed;
        for (var i = from + 1; i < count; i++)
        {
            var next = (int)(_pointers[i]->Length + _pointers[i]->KeyLength);
            if (_pointers[i]->Error != 0 || size + next > SlabBytes)
                break;
            size += next;
        }

        return size;
    }

    private static SourceMessage Copy(RdKafka.Message* message, TopicPartition partition, int epoch, DateTimeOffset timestamp, byte[] slab, ref int used)
    {
        ReadOnlyMemory<byte>? key = null, value = null;
        if (message->Key is not null)
        {
            var length = (int)message->KeyLength;
            new ReadOnlySpan<byte>(message->Key, length).CopyTo(slab.AsSpan(used));
            key = slab.AsMemory(used, length);
            used += length;
        }

        if (message->Payload is not null)
        {
            var length = (int)message->Length;
            new ReadOnlySpan<byte>(message->Payload, length).CopyTo(slab.AsSpan(used));
            value = slab.AsMemory(used, length);
            used += length;
        }

        return new SourceMessage
        {
            Partition = partition,
            Offset = message->Offset,
            Epoch = epoch,
            Key = key,
            Value = value,
            Headers = HeadersOf(message),
            Timestamp = timestamp,
        };
    }

    private static IReadOnlyList<MessageHeader> HeadersOf(RdKafka.Message* message)
    {
        nint headers;
        if (RdKafka.MessageHeaders(message, &headers) != 0)
            return [];
        var list = new List<MessageHeader>();
        byte* name;
        byte* value;
        nuint size;
        for (nuint i = 0; RdKafka.HeaderGetAll(headers, i, &name, &value, &size) == 0; i++)
        {
            list.Add(new MessageHeader(
                Marshal.PtrToStringUTF8((nint)name) ?? "",
                value is null ? null : new ReadOnlySpan<byte>(value, (int)size).ToArray()));
        }

        return list;
    }

    private string TopicOf(nint topic)
    {
        var utf8 = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(RdKafka.TopicName(topic));
        foreach (var (known, name) in _topics)
        {
            if (utf8.SequenceEqual(known))
                return name;
        }

        var added = Encoding.UTF8.GetString(utf8);
        _topics.Add((utf8.ToArray(), added));
        return added;
    }
}
