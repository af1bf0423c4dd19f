using Streaming.Core;
using Streaming.Core.Messaging;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka.Transactions;

/// <summary>A transactional producer step by step: begun, offsets sent, committed or aborted; made anew when the broker has fenced it.</summary>
internal sealed class TransactionalClient(KafkaTransactionOptions options) : IAsyncDisposable
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);
    private readonly Dictionary<string, string> _settings = ClientSettings.Transactional(options);
    private readonly Lock _lock = new();
    private Client.IProducer<byte[], byte[]>? _producer;

    /// <summary>Begins a transaction; the first one of a client ends whatever an earlier one of its id left open.</summary>
    public async Task<Client.IProducer<byte[], byte[]>> BeginAsync()
    {
        if (_producer is null)
        {
            var fresh = ClientSettings.Build(new Client.ProducerBuilder<byte[], byte[]>(_settings)
                .SetLogHandler(static (_, _) => { })
                .SetErrorHandler(static (_, _) => { })
                .Build);
            try
            {
                await Task.Run(() => fresh.InitTransactions(options.StepTimeout)).ConfigureAwait(false);
            }
            catch (Client.KafkaException e)
            {
                await Task.Run(fresh.Dispose).ConfigureAwait(false);
                throw Explain(e.Error, "transactions", null, e);
            }

            _producer = fresh;
        }

        try
        {
            _producer.BeginTransaction();
            return _producer;
        }
        catch (Client.KafkaException e)
        {
            await DropAsync().ConfigureAwait(false);
            throw Explain(e.Error, "transactions", null, e);
        }
    }

    /// <summary>Puts offsets into the transaction.</summary>
    public async Task SendOffsetsAsync(IReadOnlyList<PartitionCommit> commits, Client.IConsumerGroupMetadata member)
    {
        var offsets = commits.Select(static commit => new Client.TopicPartitionOffset(commit.Partition.Topic, commit.Partition.Partition, commit.NextOffset)).ToList();
        try
        {
            await StepAsync(producer => producer.SendOffsetsToTransaction(offsets, member, options.StepTimeout)).ConfigureAwait(false);
        }
        catch (Client.KafkaException e) when (KafkaErrors.IsLostCommit(e.Error.Code))
        {
            KafkaMetrics.CommitsLost.Add(1);
            throw new DependencyUnavailableException("kafka_group_moved_on", $"The group {options.Group} has moved on; nothing of this transaction is stored ({e.Error.Reason}).", e);
        }
        catch (Client.KafkaException e)
        {
            throw Explain(e.Error, "committing offsets of this group", null, e);
        }
    }

    /// <summary>Commits. Tried again until it is known how it ended.</summary>
    /// <exception cref="DependencyUnavailableException">It was aborted.</exception>
    /// <exception cref="StreamingException"><c>kafka_transaction_unresolved</c>.</exception>
    public async Task CommitAsync()
    {
        try
        {
            await StepAsync(producer => producer.CommitTransaction(options.StepTimeout)).ConfigureAwait(false);
        }
        catch (Client.KafkaTxnRequiresAbortException e)
        {
            await AbortAsync().ConfigureAwait(false);
            throw Explain(e.Error, "committing a transaction", null, e);
        }
        catch (Client.KafkaException e)
        {
            await DropAsync().ConfigureAwait(false);
            throw new StreamingException(
                "kafka_transaction_unresolved",
                $"Kafka has not said whether a transaction is committed ({e.Error.Reason}); reading again from what the group {options.Group} has committed.",
                ExitCode.DependencyUnavailable,
                e);
        }
    }

    /// <summary>Throws away what was written since <see cref="BeginAsync"/>. Never fails: what can't be aborted is ended by the next client's first step.</summary>
    public async Task AbortAsync()
    {
        try
        {
            await StepAsync(producer => producer.AbortTransaction(options.StepTimeout)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is Client.KafkaException or InvalidOperationException)
        {
            await DropAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Aborts a transaction with a refused record in it, and the client with it: librdkafka 2.0 goes on throwing away messages of the next one.</summary>
    public async Task AbandonAsync()
    {
        await AbortAsync().ConfigureAwait(false);
        await DropAsync().ConfigureAwait(false);
    }

    /// <summary>What an error means to whoever runs the topology.</summary>
    public StreamingException Explain(Client.Error error, string what, string? topic, Exception? inner = null)
    {
        if (topic is not null && error.Code is Client.ErrorCode.UnknownTopicOrPart or Client.ErrorCode.Local_UnknownTopic or Client.ErrorCode.Local_UnknownPartition)
            return KafkaErrors.TopicMissing([topic!]);
        if (KafkaErrors.IsAuthorization(error.Code))
            return KafkaErrors.Authorization(what, error.Reason);
        return KafkaErrors.Unreachable(KafkaSettings.Servers(_settings), error.Reason, inner);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await DropAsync().ConfigureAwait(false);

    private async Task StepAsync(Action<Client.IProducer<byte[], byte[]>> step)
    {
        var producer = _producer ?? throw new InvalidOperationException("No transaction has begun: this is a bug.");
        var begin = options.Time.GetTimestamp();
        while (true)
        {
            try
            {
                await Task.Run(() => step(producer)).ConfigureAwait(false);
                return;
            }
            catch (Client.KafkaRetriableException) when (options.Time.GetElapsedTime(begin) < options.StepTimeout)
            {
                await Task.Delay(Between, options.Time).ConfigureAwait(false);
            }
        }
    }

    private async Task DropAsync()
    {
        Client.IProducer<byte[], byte[]>? producer;
        lock (_lock)
            (producer, _producer) = (_producer, null);
        if (producer is not null)
            await Task.Run(producer.Dispose).ConfigureAwait(false);
    }
}
