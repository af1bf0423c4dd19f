using Streaming.Adapters.Kafka.Producing;
using Streaming.Adapters.Kafka.Source;
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
    private readonly KafkaProducerOptions _options;
    private readonly Dictionary<string, string> _settings;
    private readonly NoticeBoard _notices;
    private readonly BrokerWatch _watch;
    private readonly Lock _gate = new();
    private readonly LastError _lastError = new();
    private Client.IProducer<byte[], byte[]>? _producer;
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
            Producer().Handle, topics, _settings, _options.StartTimeout, _options.Time,
            _lastError.Take, cancellationToken),
        cancellationToken));

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ProduceResult>> ProduceAsync(string topic, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancellationToken)
    {
        if (messages.Count == 0)
            return [];
        _used = true;
        var producer = Producer();
        var batch = await MessageBatch.SendAsync(producer, topic, messages, _options.Time, cancellationToken).ConfigureAwait(false);
        if (batch.Error is { } error)
            throw Explain(topic, error, producer);
        _notices.Back();
        var refused = Refused(batch.Results);
        if (refused.Count > 1)
        {
            await SendApartAsync(topic, messages, refused, batch.Results, cancellationToken).ConfigureAwait(false);
            refused = Refused(batch.Results);
        }

        KafkaMetrics.Produced.Add(messages.Count - refused.Count);
        KafkaMetrics.Refused.Add(refused.Count);
        return batch.Results;
    }

    // A broker refuses what it gets together as a whole: halves, until those that are too large stand alone.
    private async Task SendApartAsync(string topic, IReadOnlyList<OutgoingMessage> messages, List<int> places, ProduceResult[] results, CancellationToken cancellationToken)
    {
        var half = places.Count / 2;
        foreach (var part in (List<int>[])[places.GetRange(0, half), places.GetRange(half, places.Count - half)])
        {
            var producer = Producer();
            var batch = await MessageBatch.SendAsync(producer, topic, part.ConvertAll(place => messages[place]), _options.Time, cancellationToken).ConfigureAwait(false);
            if (batch.Error is { } error)
                throw Explain(topic, error, producer);
            for (var i = 0; i < part.Count; i++)
                results[part[i]] = batch.Results[i];
            var refused = part.FindAll(place => !results[place].IsStored);
            if (refused.Count > 1)
                await SendApartAsync(topic, messages, refused, results, cancellationToken).ConfigureAwait(false);
        }
    }

    private static List<int> Refused(ProduceResult[] results)
    {
        var refused = new List<int>();
        for (var i = 0; i < results.Length; i++)
        {
            if (!results[i].IsStored)
                refused.Add(i);
        }

        return refused;
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
        _lastError.Set(error);
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
}
