using System.Text;
using System.Text.Json;
using Streaming.Adapters.Kafka.Producing;
using Streaming.Adapters.Kafka.Transactions;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka;

/// <summary>
/// From topic to topic exactly once: documents, dead letters, requests for labels and the offsets of the messages they were made
/// from become visible together (to readers with <c>isolation.level=read_committed</c>), or not at all.
/// </summary>
/// <remarks>
/// Fencing is the group's: each transaction carries the generation in which its offsets were taken, so a process that was
/// replaced while it stood still can commit nothing. One transaction at a time.
/// </remarks>
public sealed class KafkaTransactionalSink : ITransactionalSink
{
    // What is left of a dead letter that its topic refuses, from try to try.
    private static readonly int?[] LetterLimits = [null, 256 * 1024, 16 * 1024, 0];
    private readonly KafkaMessageSource _source;
    private readonly KafkaTransactionOptions _options;
    private readonly TransactionalClient _client;
    private readonly SemaphoreSlim _turn = new(1, 1);

    // What a topic has been seen to take at once.
    private readonly Dictionary<string, long> _groupBytes = new(StringComparer.Ordinal);

    /// <summary>A sink beside the source whose offsets it commits; nothing is connected yet. It is of use as long as that source is.</summary>
    /// <exception cref="StreamingException">A setting does not exist or has a wrong value; every one is named.</exception>
    public KafkaTransactionalSink(KafkaMessageSource source, KafkaTransactionOptions options)
    {
        _source = source;
        _options = options;
        _client = new TransactionalClient(options);
    }

    /// <inheritdoc/>
    /// <exception cref="DependencyUnavailableException">The transaction was aborted; the same again may succeed.</exception>
    /// <exception cref="StreamingException"><c>kafka_transaction_unresolved</c>: whether it was committed cannot be told; only the group's offsets know.</exception>
    public async ValueTask WriteAsync(
        IReadOnlyList<DocumentWrite> writes, Func<IReadOnlyList<SinkResult>, TransactionTail> complete, CancellationToken cancellationToken)
    {
        var round = new Round(writes);
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            do
                cancellationToken.ThrowIfCancellationRequested();
            while (!await TryAsync(round, complete).ConfigureAwait(false));
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        IReadOnlyList<SinkResult> answers = [];
        await WriteAsync(
            writes,
            results =>
            {
                answers = results;
                return new TransactionTail([], [], default);
            },
            cancellationToken).ConfigureAwait(false);
        return answers;
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken) =>
        WriteAsync([], _ => new TransactionTail(letters, [], default), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync().ConfigureAwait(false);
        _turn.Dispose();
    }

    /// <summary>One transaction. False when the broker refused a record, which spoils a transaction: once more without it.</summary>
    private async Task<bool> TryAsync(Round round, Func<IReadOnlyList<SinkResult>, TransactionTail> complete)
    {
        var producer = await _client.BeginAsync().ConfigureAwait(false);
        TransactionTail tail;
        try
        {
            // Taken before the offsets: if partitions go in between, this is the generation that is over, and the broker refuses.
            var member = _source.Membership();
            if (!await WriteDocumentsAsync(producer, round).ConfigureAwait(false))
            {
                await _client.AbandonAsync().ConfigureAwait(false);
                return false;
            }

            tail = complete(round.Results);
            if (!await WriteTailAsync(producer, round, tail).ConfigureAwait(false))
            {
                await _client.AbandonAsync().ConfigureAwait(false);
                return false;
            }

            if (tail.Commits.Count > 0)
                await _client.SendOffsetsAsync(tail.Commits, member).ConfigureAwait(false);
        }
        catch
        {
            await _client.AbortAsync().ConfigureAwait(false);
            throw;
        }

        await _client.CommitAsync().ConfigureAwait(false);
        _source.Stored(tail.Commits);
        KafkaMetrics.Produced.Add(round.Writes.Count);
        return true;
    }

    private async Task<bool> WriteDocumentsAsync(Client.IProducer<byte[], byte[]> producer, Round round)
    {
        var records = new List<OutgoingMessage>(round.Writes.Count);
        var places = new List<int>(round.Writes.Count);
        for (var i = 0; i < round.Writes.Count; i++)
        {
            if (round.Results[i].Status == SinkStatus.Rejected)
                continue;
            records.Add(DocumentRecord.From(round.Writes[i]));
            places.Add(i);
        }

        var sent = await SendAsync(producer, _options.Topic, records).ConfigureAwait(false);
        if (sent.Culprit is { } culprit)
            round.Results[places[culprit]] = new SinkResult(SinkStatus.Rejected, sent.Reason);
        return sent.IsStored;
    }

    private async Task<bool> WriteTailAsync(Client.IProducer<byte[], byte[]> producer, Round round, TransactionTail tail)
    {
        var letters = tail.DeadLetters.Select(letter => DeadLetterHeaders.ToRecord(letter, LetterLimits[round.Cuts.GetValueOrDefault(DeadLetterHeaders.IdOf(letter))])).ToList();
        var sent = await SendAsync(producer, _options.DeadLetterTopic, letters).ConfigureAwait(false);
        if (sent.Culprit is { } culprit)
        {
            var letter = tail.DeadLetters[culprit];
            var cuts = round.Cuts.GetValueOrDefault(DeadLetterHeaders.IdOf(letter)) + 1;
            // A cut that cuts nothing is no news.
            while (cuts < LetterLimits.Length - 1 && letter.Value?.Length <= LetterLimits[cuts])
                cuts++;
            round.Cuts[DeadLetterHeaders.IdOf(letter)] = cuts;
            if (cuts == LetterLimits.Length)
                throw new StreamingException("dead_letter_refused", $"Topic {_options.DeadLetterTopic} refuses a dead letter even without its value ({sent.Reason}). Raise the topic's max.message.bytes.", ExitCode.CheckFailed);
        }

        if (!sent.IsStored || tail.Requests.Count == 0 || _options.LabelTopic is not { } topic)
            return sent.IsStored;
        var requests = tail.Requests.Select(request => new OutgoingMessage
        {
            Key = Encoding.UTF8.GetBytes(request.Id),
            Value = JsonSerializer.SerializeToUtf8Bytes(request, ContractsJson.Wire.LabelRequest),
        }).ToList();
        sent = await SendAsync(producer, topic, requests).ConfigureAwait(false);
        return sent.Culprit is null
            ? sent.IsStored
            : throw new StreamingException("label_topic_refused", $"The topic '{topic}' refused a request for labels ({sent.Reason}). Raise its max.message.bytes, or see labelling.topic.", ExitCode.CheckFailed);
    }

    /// <summary>
    /// Sends records in their order. A broker refuses what it gets together as a whole, so after a refusal smaller groups are sent, until
    /// one that is refused stands alone: that one is the culprit.
    /// </summary>
    private async Task<Sent> SendAsync(Client.IProducer<byte[], byte[]> producer, string topic, List<OutgoingMessage> records)
    {
        var most = _groupBytes.GetValueOrDefault(topic, long.MaxValue);
        for (var start = 0; start < records.Count;)
        {
            var end = start + 1;
            var bytes = SizeOf(records[start]);
            while (end < records.Count && bytes + SizeOf(records[end]) <= most)
                bytes += SizeOf(records[end++]);
            // Not cancelled: a report always comes, within message.timeout.ms.
            var batch = await MessageBatch.SendAsync(producer, topic, records.GetRange(start, end - start), _options.Time, CancellationToken.None).ConfigureAwait(false);
            if (batch.Refused > 0)
            {
                if (end - start == 1)
                    return new Sent(false, start, batch.Results[0].Error);
                _groupBytes[topic] = bytes / 2;
                return new Sent(false, null, null);
            }

            if (batch.Error is { } error)
                throw _client.Explain(error, $"writing to {topic}", topic);
            start = end;
        }

        return new Sent(true, null, null);
    }

    private static long SizeOf(OutgoingMessage message) => (message.Key?.Length ?? 0) + (message.Value?.Length ?? 0);

    /// <summary>What became of records: all stored, or one refused by itself, or some refused among others.</summary>
    private readonly record struct Sent(bool IsStored, int? Culprit, string? Reason);

    /// <summary>Documents on their way, and what is known from earlier tries: which were refused, and how often a letter was cut.</summary>
    private sealed class Round(IReadOnlyList<DocumentWrite> writes)
    {
        public IReadOnlyList<DocumentWrite> Writes => writes;

        public SinkResult[] Results { get; } = new SinkResult[writes.Count];

        public Dictionary<string, int> Cuts { get; } = new(StringComparer.Ordinal);
    }
}
