using System.Security.Cryptography;
using System.Text;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Messaging;
using Streaming.Testing.Faults;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Kafka.Tests.Integration;

[Collection(KafkaCollection.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaDeadLetterTests(KafkaServer server)
{
    private readonly KafkaBench _bench = new(server);

    private static DeadLetter Letter(string topic, long offset, byte[]? value, int attempts = 1) => new()
    {
        Topic = topic,
        Partition = 0,
        Offset = offset,
        Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000),
        Key = [0xFF, 1],
        Value = value,
        Headers = [new MessageHeader("trace", [1, 2])],
        Stage = "decode",
        Code = ErrorCodes.InvalidUtf8,
        Reason = "Byte 0 is not UTF-8.",
        Attempts = attempts,
        FailedAt = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_001_000),
        Topology = "reviews",
    };

    private async Task<List<SourceMessage>> AllOfAsync(string topic, int count)
    {
        await using var source = new KafkaMessageSource(_bench.Options(topic, KafkaBench.Name("g")));
        await source.StartAsync(new RecordingListener(), default);
        return await KafkaBench.ReadAsync(source, count);
    }

    [IntegrationFact("kafka")]
    public async Task WriteAsync_Letter_KeepsBytesAndSaysWhere()
    {
        var topic = await _bench.TopicAsync();
        var letter = Letter("reviews.raw", 7, [0, 0xFF]);
        await using (var sink = new KafkaDeadLetterSink(_bench.Producer(), topic))
            await sink.WriteAsync([letter], KafkaBench.Limit());

        var record = Assert.Single(await AllOfAsync(topic, 1));
        var back = DeadLetterHeaders.FromRecord(record, out var sha256);
        Assert.Null(sha256);
        Assert.Equal(letter.Value, record.Value!.Value.ToArray());
        Assert.Equal(letter.Key, record.Key!.Value.ToArray());
        Assert.Equal("trace", Assert.Single(back!.Headers).Name);
        Assert.Equal((letter.Topic, letter.Offset, letter.Timestamp, letter.Code, letter.Stage, letter.Attempts), (back.Topic, back.Offset, back.Timestamp, back.Code, back.Stage, back.Attempts));
    }

    [IntegrationFact("kafka")]
    [FaultRow(20)]
    public async Task WriteAsync_TooLargeForTheTopic_IsCutAndPointsAtTheWhole()
    {
        using var report = FaultReport.Begin(20);
        var topic = await _bench.TopicAsync(1, ("max.message.bytes", "20000"));
        var value = new byte[3_000_000];
        new Random(1).NextBytes(value);
        await using (var sink = new KafkaDeadLetterSink(_bench.Producer(), topic))
            await sink.WriteAsync([Letter("reviews.raw", 1, [1]), Letter("reviews.raw", 2, value), Letter("reviews.raw", 3, [3])], KafkaBench.Limit());

        var records = await AllOfAsync(topic, 3);
        var letters = records.Select(r => (Letter: DeadLetterHeaders.FromRecord(r, out var sha)!, Sha: sha)).ToList();
        Assert.Equal([1L, 2L, 3L], letters.Select(l => l.Letter.Offset).Order());
        var cut = letters.Single(l => l.Letter.Offset == 2);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(value)), cut.Sha);
        Assert.True(cut.Letter.Value!.Length < 20_000);
        report.Seen("Kafka: 3,000,000 bytes at a limit of 20,000: cut, with hash and place, beside its neighbours, none circles");
    }

    [IntegrationFact("kafka")]
    public async Task RunAsync_Redrive_WritesBackWithAttemptsUpToTheCap()
    {
        var original = await _bench.TopicAsync();
        var topic = await _bench.TopicAsync();
        var large = Encoding.UTF8.GetBytes(new string('x', 900_000));
        await using var producer = _bench.Producer();
        await producer.ProduceAsync(original, [new OutgoingMessage { Key = "big"u8.ToArray(), Value = large }], KafkaBench.Limit());
        await producer.ProduceAsync(
            topic,
            [
                DeadLetterHeaders.ToRecord(Letter(original, 100, "a"u8.ToArray(), attempts: 1)),
                DeadLetterHeaders.ToRecord(Letter(original, 100, "a"u8.ToArray(), attempts: 1)),
                DeadLetterHeaders.ToRecord(Letter(original, 101, "b"u8.ToArray(), attempts: 5)),
                DeadLetterHeaders.ToRecord(Letter(original, 102, "c"u8.ToArray(), attempts: 4) with { Code = ErrorCodes.ModelFailed }),
                DeadLetterHeaders.ToRecord(Letter(original, 0, large), limit: 100),
                new OutgoingMessage { Value = "no letter"u8.ToArray() },
            ],
            KafkaBench.Limit());

        var group = KafkaBench.Name("redrive");
        var redrive = new KafkaRedrive(_bench.Client, producer);
        // Chosen first: one of two codes, and not twice.
        bool Chosen(DeadLetter letter) => letter.Code == ErrorCodes.ModelFailed;
        Assert.Equal(new RedriveReport(6, 1, 0, 4, 1, 0, 0), await redrive.RunAsync(topic, group, 5, Chosen, KafkaBench.Limit()));
        Assert.Equal(new RedriveReport(6, 0, 0, 4, 1, 0, 1), await redrive.RunAsync(topic, group, 5, Chosen, KafkaBench.Limit()));
        // Then all: what was chosen before stays away, and what was not chosen is not lost.
        Assert.Equal(new RedriveReport(6, 2, 1, 0, 1, 1, 1), await redrive.RunAsync(topic, group, 5, null, KafkaBench.Limit()));
        Assert.Equal(new RedriveReport(0, 0, 0, 0, 0, 0, 0), await redrive.RunAsync(topic, group, 5, null, KafkaBench.Limit()));
        Assert.Equal(new RedriveReport(6, 0, 1, 0, 1, 1, 3), await redrive.RunAsync(topic, group, 5, _ => true, KafkaBench.Limit()));

        var back = await AllOfAsync(original, 4);
        Assert.Equal("c"u8.ToArray(), back[1].Value!.Value.ToArray());
        Assert.Equal("a"u8.ToArray(), back[2].Value!.Value.ToArray());
        Assert.Equal("1", Encoding.ASCII.GetString(back[2].Headers.Single(h => h.Name == MessageHeader.Attempts).Value!));
        Assert.Equal(large, back[3].Value!.Value.ToArray());
        Assert.Equal("big"u8.ToArray(), back[3].Key!.Value.ToArray());
    }

    [IntegrationFact("kafka")]
    public async Task ProduceAsync_OneTooLarge_IsRefusedAlone()
    {
        var topic = await _bench.TopicAsync();
        await using var producer = _bench.Producer();
        var results = await producer.ProduceAsync(
            topic,
            [
                new OutgoingMessage { Value = "a"u8.ToArray() },
                new OutgoingMessage { Value = new byte[2_000_000] },
                new OutgoingMessage { Value = "c"u8.ToArray() },
            ],
            KafkaBench.Limit());
        Assert.Equal([true, false, true], results.Select(r => r.IsStored));
        Assert.StartsWith(ErrorCodes.MessageTooLarge, results[1].Error);
    }

    [IntegrationFact("kafka")]
    public async Task ProduceAsync_TooLargeForTheTopic_IsRefusedWithoutItsNeighbours()
    {
        var topic = await _bench.TopicAsync(1, ("max.message.bytes", "20000"));
        await using var producer = _bench.Producer();
        // The broker gets them in one batch and refuses all of it.
        var messages = Enumerable.Range(0, 60).Select(i => new OutgoingMessage { Value = RandomNumberGenerator.GetBytes(i is 11 or 40 ? 30_000 : 500) }).ToList();
        var results = await producer.ProduceAsync(topic, messages, KafkaBench.Limit());
        Assert.Equal([11, 40], Enumerable.Range(0, 60).Where(i => !results[i].IsStored));
    }

    [IntegrationFact("kafka")]
    public async Task ProduceAsync_MissingTopic_IsToldByName()
    {
        await using var producer = _bench.Producer();
        var error = await Assert.ThrowsAsync<StreamingException>(async () => await producer.CheckAsync(["no.such.topic"], default));
        Assert.Equal("kafka_topic_missing", error.Code);
    }
}
