using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Messaging;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka;

/// <summary>What a redrive did.</summary>
/// <param name="Read">Records looked at.</param>
/// <param name="Redriven">Written to their topics again.</param>
/// <param name="Exhausted">Left, because they were tried as often as allowed.</param>
/// <param name="Left">Left, because the caller did not choose them.</param>
/// <param name="Unreadable">Left, because they are no dead letters, or cut and their original is gone.</param>
/// <param name="Duplicates">The same message again.</param>
public sealed record RedriveReport(long Read, long Redriven, long Exhausted, long Left, long Unreadable, long Duplicates);

/// <summary>
/// Writes dead letters to the topics they came from, with a header that counts attempts, so that a message which fails
/// again and again ends here and does not circle. Progress is the offset of a group of its own: no letter twice.
/// </summary>
public sealed class KafkaRedrive(IReadOnlyDictionary<string, string> client, IMessageProducer producer, TimeProvider? time = null)
{
    private const int BatchSize = 500;
    private static readonly TimeSpan Ask = TimeSpan.FromSeconds(10);
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Redrives what lies in a dead-letter topic now; letters that come meanwhile wait for the next time.</summary>
    /// <param name="topic">The dead-letter topic.</param>
    /// <param name="group">Group that remembers how far redriving got.</param>
    /// <param name="maxAttempts">A letter that was tried so often, or more, stays. 1–100.</param>
    /// <param name="choose">Which letters; null: all.</param>
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

        var ends = Assign(letters, topic);
        var report = new RedriveReport(0, 0, 0, 0, 0, 0);
        var seen = new HashSet<(string, int, long)>();
        var done = new Dictionary<int, long>();
        var batch = new Dictionary<string, List<OutgoingMessage>>();
        var pending = 0;
        while (ends.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var result = letters.Consume(200);
            if (result is { IsPartitionEOF: true })
                ends.Remove(result.Partition.Value);
            else if (result is { Message: not null })
            {
                report = report with { Read = report.Read + 1 };
                report = Sort(Message(result), report, seen, batch, originals, maxAttempts, choose, ref pending);
                done[result.Partition.Value] = result.Offset.Value + 1;
            }

            foreach (var (partition, end) in ends.ToArray())
            {
                if (letters.Position(new Client.TopicPartition(topic, partition)).Value >= end)
                    ends.Remove(partition);
            }

            if (pending < BatchSize && ends.Count > 0)
                continue;
            report = await WriteAsync(batch, report, cancellationToken).ConfigureAwait(false);
            pending = 0;
            if (done.Count > 0)
                letters.Commit(done.Select(d => new Client.TopicPartitionOffset(topic, d.Key, d.Value)));
            done.Clear();
        }

        letters.Close();
        originals.Close();
        return report;
    }

    private static RedriveReport Sort(
        SourceMessage record,
        RedriveReport report,
        HashSet<(string, int, long)> seen,
        Dictionary<string, List<OutgoingMessage>> batch,
        Client.IConsumer<byte[], byte[]> originals,
        int maxAttempts,
        Func<DeadLetter, bool>? choose,
        ref int pending)
    {
        if (DeadLetterHeaders.FromRecord(record, out var sha256) is not { } letter)
            return report with { Unreadable = report.Unreadable + 1 };
        if (choose is not null && !choose(letter))
            return report with { Left = report.Left + 1 };
        if (letter.Attempts >= maxAttempts)
            return report with { Exhausted = report.Exhausted + 1 };
        if (!seen.Add((letter.Topic, letter.Partition, letter.Offset)))
            return report with { Duplicates = report.Duplicates + 1 };
        if (sha256 is not null)
        {
            letter = Original(originals, letter, sha256)!;
            if (letter is null)
                return report with { Unreadable = report.Unreadable + 1 };
        }

        if (!batch.TryGetValue(letter.Topic, out var messages))
            batch[letter.Topic] = messages = [];
        messages.Add(new OutgoingMessage
        {
            Key = letter.Key is null ? (ReadOnlyMemory<byte>?)null : letter.Key,
            Value = letter.Value is null ? (ReadOnlyMemory<byte>?)null : letter.Value,
            Headers = Redriven.Headers(letter),
            Timestamp = letter.Timestamp,
        });
        pending++;
        return report;
    }

    private async Task<RedriveReport> WriteAsync(Dictionary<string, List<OutgoingMessage>> batch, RedriveReport report, CancellationToken cancellationToken)
    {
        foreach (var (topic, messages) in batch)
        {
            foreach (var result in await producer.ProduceAsync(topic, messages, cancellationToken).ConfigureAwait(false))
            {
                report = result.IsStored
                    ? report with { Redriven = report.Redriven + 1 }
                    : report with { Unreadable = report.Unreadable + 1 };
            }
        }

        batch.Clear();
        return report;
    }

    /// <summary>The whole message a cut letter points at, when it is still there and still the same.</summary>
    private static DeadLetter? Original(Client.IConsumer<byte[], byte[]> consumer, DeadLetter letter, string sha256)
    {
        consumer.Assign(new Client.TopicPartitionOffset(letter.Topic, letter.Partition, letter.Offset));
        try
        {
            if (consumer.Consume(Ask) is not { Message: { } message } result || result.Offset.Value != letter.Offset || message.Value is null
                || Convert.ToHexStringLower(SHA256.HashData(message.Value)) != sha256)
                return null;
            var record = Message(result);
            return letter with { Key = record.Key?.ToArray(), Value = message.Value, Headers = record.Headers };
        }
        catch (Client.ConsumeException)
        {
            return null;
        }
    }

    private static Dictionary<int, long> Assign(Client.IConsumer<byte[], byte[]> consumer, string topic)
    {
        using var admin = new Client.DependentAdminClientBuilder(consumer.Handle).Build();
        var partitions = admin.GetMetadata(topic, Ask).Topics[0].Partitions.ConvertAll(p => new Client.TopicPartition(topic, p.PartitionId));
        var ends = new Dictionary<int, long>();
        var starts = new List<Client.TopicPartitionOffset>();
        foreach (var committed in consumer.Committed(partitions, Ask))
        {
            var range = consumer.QueryWatermarkOffsets(committed.TopicPartition, Ask);
            var start = Math.Max(range.Low.Value, committed.Offset.Value);
            if (start >= range.High.Value)
                continue;
            ends[committed.Partition.Value] = range.High.Value;
            starts.Add(new Client.TopicPartitionOffset(committed.TopicPartition, start));
        }

        consumer.Assign(starts);
        return ends;
    }

    private static SourceMessage Message(Client.ConsumeResult<byte[], byte[]> result) => new()
    {
        Partition = new TopicPartition(result.Topic, result.Partition.Value),
        Offset = result.Offset.Value,
        Key = result.Message.Key is null ? (ReadOnlyMemory<byte>?)null : result.Message.Key,
        Value = result.Message.Value is null ? (ReadOnlyMemory<byte>?)null : result.Message.Value,
        Headers = result.Message.Headers?.Select(h => new MessageHeader(h.Key, h.GetValueBytes())).ToArray() ?? [],
        Timestamp = KafkaTime.From(result.Message.Timestamp.UnixTimestampMs),
    };

    private static Client.IConsumer<byte[], byte[]> Build(Dictionary<string, string> settings) =>
        new Client.ConsumerBuilder<byte[], byte[]>(settings).SetLogHandler(static (_, _) => { }).Build();
}
