using System.Security.Cryptography;
using System.Text;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Messaging;

namespace Streaming.Adapters.Kafka.Tests;

public sealed class DeadLetterTests
{
    private static DeadLetter Letter(byte[]? value, IReadOnlyList<MessageHeader>? headers = null) => new()
    {
        Topic = "reviews.raw",
        Partition = 3,
        Offset = 42,
        Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(-5),
        Key = null,
        Value = value,
        Headers = headers ?? [],
        Stage = "decode",
        Code = ErrorCodes.MalformedJson,
        Reason = "no",
        Attempts = 2,
        FailedAt = DateTimeOffset.UnixEpoch.AddDays(20_000),
        Topology = "reviews",
    };

    private static SourceMessage Stored(OutgoingMessage message) => new()
    {
        Partition = new TopicPartition("dead", 0),
        Offset = 0,
        Key = message.Key,
        Value = message.Value,
        Headers = message.Headers,
        Timestamp = DateTimeOffset.UnixEpoch,
    };

    [Fact]
    public void ToRecord_ThenFromRecord_IsTheSameLetter()
    {
        var letter = Letter([1, 2, 0xFF], [new("a", null), new("a", [0]), new("streaming-code", "old"u8.ToArray())]);
        var back = DeadLetterHeaders.FromRecord(Stored(DeadLetterHeaders.ToRecord(letter)), out _)!;
        Assert.Equal(["a", "a"], back.Headers.Select(h => h.Name));
        Assert.Equal(letter.Value, back.Value);
        Assert.Equal(letter with { Headers = back.Headers, Value = back.Value }, back);
    }

    [Fact]
    public void ToRecord_NullValue_StaysNull()
    {
        Assert.Null(DeadLetterHeaders.ToRecord(Letter(null)).Value);
        Assert.Null(DeadLetterHeaders.ToRecord(Letter(null), 10).Value);
        Assert.Null(DeadLetterHeaders.ToRecord(Letter(null)).Key);
    }

    [Fact]
    public async Task WriteAsync_TooLargeUntilShort_CutsInStepsAndEnds()
    {
        var producer = new Limited(1_000);
        var value = new byte[500_000];
        await new KafkaDeadLetterSink(producer, "dead").WriteAsync([Letter([1]), Letter(value)], default);
        Assert.Equal(2, producer.Stored.Count);
        Assert.NotNull(DeadLetterHeaders.FromRecord(Stored(producer.Stored[0]), out _));
        DeadLetterHeaders.FromRecord(Stored(producer.Stored[1]), out var sha256);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(value)), sha256);
        Assert.InRange(producer.Calls, 2, 4);
    }

    [Fact]
    public async Task WriteAsync_EvenTheShortestRefused_EndsWithACode()
    {
        var error = await Assert.ThrowsAsync<StreamingException>(async () =>
            await new KafkaDeadLetterSink(new Limited(-1), "dead").WriteAsync([Letter(new byte[10])], default));
        Assert.Equal("dead_letter_refused", error.Code);
    }

    [Fact]
    public async Task WriteAsync_BrokerAway_WaitsAndSaysSoOnce()
    {
        var producer = new Limited(1_000) { Outages = 2 };
        var said = new List<string>();
        await new KafkaDeadLetterSink(producer, "dead", n => said.Add(n.Code)).WriteAsync([Letter([1])], default);
        Assert.Equal(["dead_letters_waiting"], said);
        Assert.Single(producer.Stored);
    }

    [Fact]
    public void FromRecord_NoLetter_IsNull() =>
        Assert.Null(DeadLetterHeaders.FromRecord(Stored(new OutgoingMessage { Value = Encoding.UTF8.GetBytes("x") }), out _));

    private sealed class Limited(int most) : IMessageProducer
    {
        public List<OutgoingMessage> Stored { get; } = [];

        public int Calls { get; private set; }

        public int Outages { get; set; }

        public ValueTask<IReadOnlyList<ProduceResult>> ProduceAsync(string topic, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancellationToken)
        {
            Calls++;
            if (Outages-- > 0)
                throw new DependencyUnavailableException("kafka_unreachable", "away");
            var results = new List<ProduceResult>();
            foreach (var message in messages)
            {
                var fits = (message.Value?.Length ?? 0) <= most;
                if (fits)
                    Stored.Add(message);
                results.Add(new ProduceResult(new TopicPartition(topic, 0), fits ? Stored.Count : -1, fits ? null : ErrorCodes.MessageTooLarge));
            }

            return new(results);
        }

        public ValueTask DisposeAsync() => default;
    }
}
