using Streaming.Adapters.Kafka.Source;
using Streaming.Core;
using Streaming.Core.Messaging;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka;

/// <summary>
/// Reads topics from their present ends on, all of them, for this process alone. It joins no group and commits nothing, so the broker
/// keeps no trace of it: for news that every process of a group must hear, and that can be looked up elsewhere when one was missed.
/// </summary>
/// <remarks><see cref="KafkaSourceOptions.Group"/> is a name for the client only. A broker that goes away is waited for inside <see cref="ReadAsync"/>.</remarks>
public sealed class KafkaTailSource : IMessageSource
{
    private static readonly TimeSpan Ask = TimeSpan.FromSeconds(10);

    private readonly KafkaSourceOptions _options;
    private readonly Dictionary<string, string> _settings;
    private readonly CancellationTokenSource _stop = new();
    private Client.IConsumer<byte[], byte[]>? _consumer;
    private readonly LastError _lastError = new();
    private Task _reading = Task.CompletedTask;

    /// <summary>A source; nothing is connected before <see cref="StartAsync"/>.</summary>
    /// <exception cref="StreamingException">A setting does not exist or has a wrong value; every one is named.</exception>
    public KafkaTailSource(KafkaSourceOptions options)
    {
        _options = options;
        _settings = ClientSettings.Consumer(options);
        // Of a topic that was made anew, everything is news.
        _settings["auto.offset.reset"] = "earliest";
    }

    /// <inheritdoc/>
    public async ValueTask StartAsync(IAssignmentListener listener, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(listener);
        var consumer = _consumer = ClientSettings.Build(new Client.ConsumerBuilder<byte[], byte[]>(_settings)
            .SetLogHandler(static (_, _) => { })
            .SetErrorHandler((_, error) => _lastError.Set(error))
            .Build);
        var ends = await Task.Run(() => Ends(consumer, cancellationToken), cancellationToken).ConfigureAwait(false);
        consumer.Assign(ends);
        listener.OnAssigned([.. ends.Select(static end => new PartitionCommit(new TopicPartition(end.Topic, end.Partition.Value), end.Offset.Value))], 1);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SourceMessage>> ReadAsync(int maxMessages, long maxBytes, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, cancellationToken);
        // The client waits on a thread; the next message may be days away.
        var reading = Task.Factory.StartNew(() => Read(maxMessages, maxBytes, either.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _reading = reading;
        return await reading.ConfigureAwait(false);
    }

    /// <summary>Remembers nothing.</summary>
    public ValueTask CommitAsync(IReadOnlyList<PartitionCommit> commits, CancellationToken cancellationToken) => default;

    /// <summary>Owes nothing.</summary>
    public ValueTask<SourceLag> GetLagAsync(CancellationToken cancellationToken) => new(new SourceLag(0, null));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _consumer?.Dispose();
    }

    private List<Client.TopicPartitionOffset> Ends(Client.IConsumer<byte[], byte[]> consumer, CancellationToken cancellationToken)
    {
        StartCheck.Run(consumer.Handle, _options.Topics, _settings, _options.StartTimeout, _options.Time, _lastError.Take, cancellationToken);
        var ask = KafkaSettings.Patience(_settings, Ask);
        try
        {
            using var admin = new Client.DependentAdminClientBuilder(consumer.Handle).Build();
            var ends = new List<Client.TopicPartitionOffset>();
            foreach (var topic in _options.Topics)
            {
                foreach (var partition in admin.GetMetadata(topic, ask).Topics[0].Partitions)
                {
                    var place = new Client.TopicPartition(topic, partition.PartitionId);
                    ends.Add(new Client.TopicPartitionOffset(place, consumer.QueryWatermarkOffsets(place, ask).High));
                }
            }

            return ends;
        }
        catch (Client.KafkaException e)
        {
            throw KafkaErrors.Unreachable(KafkaSettings.Servers(_settings), e.Error.Reason, e);
        }
    }

    private List<SourceMessage> Read(int maxMessages, long maxBytes, CancellationToken cancellationToken)
    {
        var messages = new List<SourceMessage>();
        while (true)
        {
            try
            {
                var result = messages.Count == 0 ? _consumer!.Consume(cancellationToken) : _consumer!.Consume(TimeSpan.Zero);
                if (result?.Message is null)
                    return messages;
                messages.Add(KafkaRecord.From(result));
                maxBytes -= result.Message.Value?.Length ?? 0;
                if (messages.Count >= maxMessages || maxBytes <= 0)
                    return messages;
            }
            catch (Client.ConsumeException e) when (KafkaErrors.IsAuthorization(e.Error.Code))
            {
                throw KafkaErrors.Authorization($"reading {e.ConsumerRecord?.Topic}", e.Error.Reason);
            }
            catch (Client.ConsumeException e) when (e.Error.IsFatal)
            {
                throw new DependencyUnavailableException("kafka_client_failed", $"The Kafka client stopped: {e.Error.Reason}", e);
            }
            catch (Client.ConsumeException)
            {
                // The broker is away, or the topic is: the client goes on by itself when it is back.
            }
        }
    }
}
