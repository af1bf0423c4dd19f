using System.Runtime.InteropServices;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka.Producing;

/// <summary>Messages handed to the client together, and the delivery report of each.</summary>
internal sealed class MessageBatch
{
    private static readonly TimeSpan FullWait = TimeSpan.FromMilliseconds(20);
    private readonly string _topic;
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left;
    private int _refused;

    private MessageBatch(string topic, int count)
    {
        _topic = topic;
        _left = count;
        Results = new ProduceResult[count];
    }

    /// <summary>One for each message, in its order.</summary>
    public ProduceResult[] Results { get; }

    /// <summary>How many were refused for what they are.</summary>
    public int Refused => _refused;

    /// <summary>The first error that is not one message's own; null when each was stored or refused.</summary>
    public Client.Error? Error { get; private set; }

    /// <summary>Hands all of them to the client and waits for the last report.</summary>
    public static async Task<MessageBatch> SendAsync(
        Client.IProducer<byte[], byte[]> producer, string topic, IReadOnlyList<OutgoingMessage> messages, TimeProvider time, CancellationToken cancellationToken)
    {
        var batch = new MessageBatch(topic, messages.Count);
        for (var i = 0; i < messages.Count; i++)
        {
            var native = ToNative(messages[i]);
            var index = i;
            while (true)
            {
                try
                {
                    producer.Produce(topic, native, report => batch.Report(index, report));
                    break;
                }
                catch (Client.ProduceException<byte[], byte[]> e) when (e.Error.Code == Client.ErrorCode.Local_QueueFull)
                {
                    await Task.Delay(FullWait, time, cancellationToken).ConfigureAwait(false);
                }
                catch (Client.ProduceException<byte[], byte[]> e)
                {
                    batch.Fail(index, e.Error);
                    break;
                }
                catch (ArgumentException e)
                {
                    // Confluent.Kafka says so for a header or time it can't write.
                    batch.Fail(index, new Client.Error(Client.ErrorCode.InvalidMsg, e.Message));
                    break;
                }
            }
        }

        if (messages.Count > 0)
            await batch._done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        return batch;
    }

    private static Client.Message<byte[], byte[]> ToNative(OutgoingMessage message)
    {
        var native = new Client.Message<byte[], byte[]> { Key = Array(message.Key)!, Value = Array(message.Value)! };
        if (message.Timestamp is { } timestamp)
            native.Timestamp = new Client.Timestamp(timestamp.ToUnixTimeMilliseconds(), Client.TimestampType.CreateTime);
        if (message.Headers.Count > 0)
        {
            native.Headers = [];
            foreach (var header in message.Headers)
                native.Headers.Add(header.Name, header.Value);
        }

        return native;
    }

    private static byte[]? Array(ReadOnlyMemory<byte>? memory)
    {
        if (memory is not { } bytes)
            return null;
        return MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Offset == 0 && segment.Count == segment.Array!.Length
            ? segment.Array
            : bytes.ToArray();
    }

    private void Report(int index, Client.DeliveryReport<byte[], byte[]> report)
    {
        if (report.Error.IsError)
        {
            Fail(index, report.Error);
            return;
        }

        Results[index] = new ProduceResult(new TopicPartition(_topic, report.Partition.Value), report.Offset.Value, null);
        Count();
    }

    private void Fail(int index, Client.Error error)
    {
        string? refusal = error.Code switch
        {
            Client.ErrorCode.MsgSizeTooLarge or Client.ErrorCode.RecordListTooLarge or Client.ErrorCode.Local_BadMsg => ErrorCodes.MessageTooLarge,
            Client.ErrorCode.InvalidMsg or Client.ErrorCode.InvalidRecord or Client.ErrorCode.InvalidTimestamp or Client.ErrorCode.PolicyViolation => "kafka_refused",
            _ => null,
        };
        if (refusal is null)
            Error ??= error;
        else
            Interlocked.Increment(ref _refused);
        Results[index] = new ProduceResult(new TopicPartition(_topic, -1), -1, $"{refusal ?? "kafka_unreachable"}: {error.Reason}");
        Count();
    }

    private void Count()
    {
        if (Interlocked.Decrement(ref _left) == 0)
            _done.TrySetResult();
    }
}
