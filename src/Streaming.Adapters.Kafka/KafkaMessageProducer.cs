using System.Runtime.InteropServices;
using Streaming.Adapters.Kafka.Source;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Messaging;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka;

/// <summary>
/// Writes messages with an idempotent producer: stored once and in order per key while this process lives, whatever
/// the broker's retries. Every message has a delivery report of its own. Safe from several threads.
/// </summary>
public sealed class KafkaMessageProducer : IMessageProducer
{
    private static readonly TimeSpan FullWait = TimeSpan.FromMilliseconds(20);
    private readonly KafkaProducerOptions _options;
    private readonly Dictionary<string, string> _settings;
    private readonly NoticeBoard _notices;
    private readonly BrokerWatch _watch;
    private readonly Lock _gate = new();
    private Client.IProducer<byte[], byte[]>? _producer;
    private Client.Error? _lastError;
    private volatile bool _used;
    private bool _disposed;

    /// <summary>A producer; nothing is connected yet.</summary>
    /// <exception cref="StreamingException">A setting does not exist or has a wrong value; every one is named.</exception>
    public KafkaMessageProducer(KafkaProducerOptions options)
    {
        _options = options;
        _settings = ClientSettings.Producer(options);
        _notices = new NoticeBoard(options.OnNotice, KafkaSettings.Servers(_settings));
        _watch = new BrokerWatch(_notices, options.Time);
    }

    /// <summary>Looks for the broker and the topics, so that a mistake is told within seconds.</summary>
    /// <exception cref="StreamingException"><c>kafka_unreachable</c>, <c>kafka_authentication_failed</c>, <c>kafka_topic_missing</c>.</exception>
    public ValueTask CheckAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken) => new(Task.Run(
        () => StartCheck.Run(
            Producer().Handle, topics, KafkaSettings.Servers(_settings), _options.StartTimeout, _options.Time,
            () => Interlocked.Exchange(ref _lastError, null), cancellationToken),
        cancellationToken));

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ProduceResult>> ProduceAsync(string topic, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancellationToken)
    {
        if (messages.Count == 0)
            return [];
        _used = true;
        var batch = new Batch(topic, messages.Count);
        var producer = Producer();
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
                    await Task.Delay(FullWait, _options.Time, cancellationToken).ConfigureAwait(false);
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

        await batch.Done.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (batch.Error is { } error)
            throw Explain(topic, error, producer);
        _notices.Back();
        KafkaMetrics.Produced.Add(messages.Count - batch.Refused);
        KafkaMetrics.Refused.Add(batch.Refused);
        return batch.Results;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Client.IProducer<byte[], byte[]>? producer;
        lock (_gate)
        {
            (producer, _producer) = (_producer, null);
            _disposed = true;
        }

        await _watch.DisposeAsync().ConfigureAwait(false);
        if (producer is null)
            return;
        await Task.Run(() =>
        {
            producer.Flush(TimeSpan.FromSeconds(5));
            producer.Dispose();
        }).ConfigureAwait(false);
    }

    private Client.IProducer<byte[], byte[]> Producer()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _producer ??= ClientSettings.Build(new Client.ProducerBuilder<byte[], byte[]>(_settings)
                .SetLogHandler(static (_, _) => { })
                .SetErrorHandler(OnError)
                .Build);
        }
    }

    private void OnError(Client.IProducer<byte[], byte[]> producer, Client.Error error)
    {
        Volatile.Write(ref _lastError, error);
        if (_used && KafkaErrors.IsAway(error.Code))
            _watch.Suspect(producer.Handle, error.Reason);
    }

    private StreamingException Explain(string topic, Client.Error error, Client.IProducer<byte[], byte[]> producer)
    {
        var servers = KafkaSettings.Servers(_settings);
        if (error.IsFatal || error.Code is Client.ErrorCode.Local_Fatal or Client.ErrorCode.InvalidProducerEpoch or Client.ErrorCode.UnknownProducerId)
        {
            // An idempotent producer that lost its sequence can't go on; the next call makes a new one.
            lock (_gate)
            {
                if (ReferenceEquals(_producer, producer))
                    _producer = null;
            }

            _ = Task.Run(producer.Dispose);
        }

        if (error.Code is Client.ErrorCode.UnknownTopicOrPart or Client.ErrorCode.Local_UnknownTopic or Client.ErrorCode.Local_UnknownPartition)
            return KafkaErrors.TopicMissing([topic]);
        if (KafkaErrors.IsAuthorization(error.Code))
            return KafkaErrors.Authorization($"writing to {topic}", error.Reason);
        return KafkaErrors.Unreachable(servers, error.Reason);
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

    /// <summary>Collects the reports of one call.</summary>
    private sealed class Batch(string topic, int count)
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _left = count;
        private int _refused;

        public ProduceResult[] Results { get; } = new ProduceResult[count];

        public Task Done => _done.Task;

        public int Refused => _refused;

        /// <summary>The first error that is not one message's own.</summary>
        public Client.Error? Error { get; private set; }

        public void Report(int index, Client.DeliveryReport<byte[], byte[]> report)
        {
            if (report.Error.IsError)
            {
                Fail(index, report.Error);
                return;
            }

            Results[index] = new ProduceResult(new TopicPartition(topic, report.Partition.Value), report.Offset.Value, null);
            Count();
        }

        public void Fail(int index, Client.Error error)
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
            Results[index] = new ProduceResult(new TopicPartition(topic, -1), -1, $"{refusal ?? "kafka_unreachable"}: {error.Reason}");
            Count();
        }

        private void Count()
        {
            if (Interlocked.Decrement(ref _left) == 0)
                _done.TrySetResult();
        }
    }
}
