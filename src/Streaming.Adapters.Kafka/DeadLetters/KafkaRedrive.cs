using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Messaging;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka;

/// <summary>What a redrive did.</summary>
/// <param name="Read">Letters looked at, unreadable records included.</param>
/// <param name="Redriven">Written to their topics again.</param>
/// <param name="Exhausted">Left, because they were tried as often as allowed.</param>
/// <param name="Left">Left, because the caller did not choose them.</param>
/// <param name="Unreadable">Left, because they are no dead letters, or cut and their original is gone.</param>
/// <param name="Duplicates">The same message again.</param>
/// <param name="Before">Left, because an earlier redrive took them.</param>
public sealed record RedriveReport(long Read, long Redriven, long Exhausted, long Left, long Unreadable, long Duplicates, long Before);

/// <summary>
/// Writes dead letters to the topics they came from, with a header that counts attempts, so that a message which fails
/// again and again ends here and does not circle. No letter is written twice by two redrives: those that take all go on
/// from the offset of a group of their own, those that choose leave a mark for each letter in the dead-letter topic.
/// </summary>
public sealed class KafkaRedrive(IReadOnlyDictionary<string, string> client, IMessageProducer producer, TimeProvider? time = null)
{
    private const int BatchSize = 500;
    private readonly TimeSpan _ask = KafkaSettings.Patience(client, TimeSpan.FromSeconds(10));
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Redrives what lies in a dead-letter topic now; letters that come meanwhile wait for the next time.</summary>
    /// <param name="topic">The dead-letter topic.</param>
    /// <param name="group">Group that remembers how far redriving all of them got.</param>
    /// <param name="maxAttempts">A letter that was tried so often, or more, stays. 1–100.</param>
    /// <param name="choose">Which letters; null: all. Letters not chosen can be redriven later.</param>
    /// <param name="cancellationToken">Stops between two batches; what was written is remembered.</param>
    public Task<RedriveReport> RunAsync(string topic, string group, int maxAttempts, Func<DeadLetter, bool>? choose, CancellationToken cancellationToken) =>
        Task.Run(() => RunCoreAsync(topic, group, maxAttempts, choose, cancellationToken), cancellationToken);

    private async Task<RedriveReport> RunCoreAsync(string topic, string group, int maxAttempts, Func<DeadLetter, bool>? choose, CancellationToken cancellationToken)
    {
        await using (var admin = new KafkaAdmin(client, _time))
            await admin.CheckAsync([topic], cancellationToken).ConfigureAwait(false);
        var settings = KafkaSettings.ForConsumer(KafkaSettings.Resolve(client));
        settings["group.id"] = group;
        settings["enable.auto.commit"] = "false";
        settings["auto.offset.reset"] = "earliest";
        using var originals = Build(new Dictionary<string, string>(settings) { ["auto.offset.reset"] = "error" });
        // The end of a partition is told, so that gaps and transaction markers there do not matter.
        settings["enable.partition.eof"] = "true";
        using var letters = Build(settings);

        // Marks lie behind their letters, so the topic is read twice: for the marks, then for the letters.
        var range = await RangeAsync(letters, topic, fromBeginning: choose is not null, cancellationToken).ConfigureAwait(false);
        var marks = new HashSet<string>(StringComparer.Ordinal);
        foreach (var record in Read(letters, range, cancellationToken))
        {
            if (DeadLetterHeaders.MarkOf(record) is { } mark)
                marks.Add(mark);
        }

        var round = new Round(choose, maxAttempts, marks, (letter, sha256) => Original(originals, letter, sha256));
        foreach (var record in Read(letters, range, cancellationToken))
        {
            if (DeadLetterHeaders.MarkOf(record) is null)
                round.Add(record, range.Find(part => part.Partition == record.Partition.Partition)!.Done > record.Offset);
            if (round.Count >= BatchSize)
                await WriteAsync(topic, letters, round, cancellationToken).ConfigureAwait(false);
        }

        await WriteAsync(topic, letters, round, cancellationToken).ConfigureAwait(false);
        letters.Close();
        originals.Close();
        return round.Report;
    }

    private async Task WriteAsync(string deadLetters, Client.IConsumer<byte[], byte[]> consumer, Round round, CancellationToken cancellationToken)
    {
        foreach (var (topic, messages) in round.Messages)
            round.Written(await producer.ProduceAsync(topic, messages, cancellationToken).ConfigureAwait(false));
        if (round.Chooses)
            await producer.ProduceAsync(deadLetters, round.Marks, cancellationToken).ConfigureAwait(false);
        else if (round.Next.Count > 0)
            consumer.Commit(round.Next.Select(next => new Client.TopicPartitionOffset(deadLetters, next.Key, next.Value)));
        round.Clear();
    }

    private static IEnumerable<SourceMessage> Read(Client.IConsumer<byte[], byte[]> consumer, List<Part> range, CancellationToken cancellationToken)
    {
        var open = range.ToDictionary(part => part.Partition, part => part.End);
        consumer.Assign(range.Select(part => new Client.TopicPartitionOffset(part.Topic, part.Partition, part.Start)));
        while (open.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var result = consumer.Consume(200);
            if (result is { IsPartitionEOF: true })
                open.Remove(result.Partition.Value);
            else if (result is { Message: not null } && open.TryGetValue(result.Partition.Value, out var end) && result.Offset.Value < end)
                yield return KafkaRecord.From(result);
            foreach (var part in range)
            {
                if (open.TryGetValue(part.Partition, out var last) && consumer.Position(new Client.TopicPartition(part.Topic, part.Partition)).Value >= last)
                    open.Remove(part.Partition);
            }
        }
    }

    /// <summary>The whole message a cut letter points at, when it is still there and still the same.</summary>
    private DeadLetter? Original(Client.IConsumer<byte[], byte[]> consumer, DeadLetter letter, string sha256)
    {
        consumer.Assign(new Client.TopicPartitionOffset(letter.Topic, letter.Partition, letter.Offset));
        try
        {
            if (consumer.Consume(_ask) is not { Message: { } message } result || result.Offset.Value != letter.Offset || message.Value is null
                || Convert.ToHexStringLower(SHA256.HashData(message.Value)) != sha256)
                return null;
            var record = KafkaRecord.From(result);
            return letter with { Key = record.Key?.ToArray(), Value = message.Value, Headers = record.Headers };
        }
        catch (Client.ConsumeException)
        {
            return null;
        }
    }

    private async Task<List<Part>> RangeAsync(Client.IConsumer<byte[], byte[]> consumer, string topic, bool fromBeginning, CancellationToken cancellationToken)
    {
        using var admin = new Client.DependentAdminClientBuilder(consumer.Handle).Build();
        var partitions = admin.GetMetadata(topic, _ask).Topics[0].Partitions.ConvertAll(p => new Client.TopicPartition(topic, p.PartitionId));
        var range = new List<Part>();
        foreach (var committed in await GroupOffsets.CommittedAsync(consumer, partitions, _ask, _time, cancellationToken).ConfigureAwait(false))
        {
            var ends = consumer.QueryWatermarkOffsets(committed.TopicPartition, _ask);
            var start = fromBeginning ? ends.Low.Value : Math.Max(ends.Low.Value, committed.Offset.Value);
            if (start < ends.High.Value)
                range.Add(new Part(topic, committed.Partition.Value, start, ends.High.Value, committed.Offset.Value));
        }

        return range;
    }

    private static Client.IConsumer<byte[], byte[]> Build(Dictionary<string, string> settings) =>
        new Client.ConsumerBuilder<byte[], byte[]>(settings).SetLogHandler(static (_, _) => { }).Build();

    /// <summary>A stretch of a partition. <paramref name="Done"/>: below it, all were redriven before.</summary>
    private sealed record Part(string Topic, int Partition, long Start, long End, long Done);

    /// <summary>Sorts letters, and gathers what is to be written.</summary>
    private sealed class Round(Func<DeadLetter, bool>? choose, int maxAttempts, HashSet<string> marks, Func<DeadLetter, string, DeadLetter?> original)
    {
        private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

        public RedriveReport Report { get; private set; } = new(0, 0, 0, 0, 0, 0, 0);

        public bool Chooses => choose is not null;

        public Dictionary<string, List<OutgoingMessage>> Messages { get; } = [];

        public List<OutgoingMessage> Marks { get; } = [];

        /// <summary>Behind the last record of each partition.</summary>
        public Dictionary<int, long> Next { get; } = [];

        public int Count => Marks.Count;

        public void Add(SourceMessage record, bool done)
        {
            Report = Report with { Read = Report.Read + 1 };
            Next[record.Partition.Partition] = record.Offset + 1;
            if (DeadLetterHeaders.FromRecord(record, out var sha256) is not { } letter)
                Report = Report with { Unreadable = Report.Unreadable + 1 };
            else if (choose is not null && !choose(letter))
                Report = Report with { Left = Report.Left + 1 };
            else if (letter.Attempts >= maxAttempts)
                Report = Report with { Exhausted = Report.Exhausted + 1 };
            else if (!_seen.Add(DeadLetterHeaders.IdOf(letter)))
                Report = Report with { Duplicates = Report.Duplicates + 1 };
            else if (done || marks.Contains(DeadLetterHeaders.IdOf(letter)))
                Report = Report with { Before = Report.Before + 1 };
            else if ((sha256 is null ? letter : original(letter, sha256)) is { } whole)
                Keep(whole);
            else
                Report = Report with { Unreadable = Report.Unreadable + 1 };
        }

        public void Written(IReadOnlyList<ProduceResult> results)
        {
            foreach (var result in results)
            {
                Report = result.IsStored
                    ? Report with { Redriven = Report.Redriven + 1 }
                    : Report with { Unreadable = Report.Unreadable + 1 };
            }
        }

        public void Clear()
        {
            Messages.Clear();
            Marks.Clear();
            Next.Clear();
        }

        private void Keep(DeadLetter letter)
        {
            if (!Messages.TryGetValue(letter.Topic, out var messages))
                Messages[letter.Topic] = messages = [];
            messages.Add(new OutgoingMessage
            {
                Key = letter.Key is null ? (ReadOnlyMemory<byte>?)null : letter.Key,
                Value = letter.Value is null ? (ReadOnlyMemory<byte>?)null : letter.Value,
                Headers = Redriven.Headers(letter),
                Timestamp = letter.Timestamp,
            });
            Marks.Add(DeadLetterHeaders.ToMark(DeadLetterHeaders.IdOf(letter)));
        }
    }
}
