using System.Text;
using Confluent.Kafka;
using Streaming.Core.Messaging;
using Streaming.Core.Telemetry;
using Streaming.Testing.Faults;
using TopicPartition = Streaming.Core.Messaging.TopicPartition;

namespace Streaming.Adapters.Kafka.Tests;

/// <summary>The source against brokers inside the client library: what runs on any machine. Not beside a test that measures what this process does.</summary>
[Collection(Integration.KafkaCollection.Name)]
public sealed class KafkaMessageSourceMockTests : IDisposable
{
    private const short OffsetCommit = 8;
    private readonly MockBrokers _brokers = new();
    private readonly List<Notice> _notices = [];

    public void Dispose() => _brokers.Dispose();

    private static CancellationToken Limit => Integration.KafkaBench.Limit();

    private Dictionary<string, string> Client => new() { ["bootstrap.servers"] = _brokers.Bootstrap };

    // A member these brokers threw out is only forgotten after its session, so where one is thrown out on purpose that is short; elsewhere a
    // process that is given no processor for a while keeps its place.
    private KafkaMessageSource Source(string topic, string group = "g", int buffered = 5_000, int session = 20) => new(new KafkaSourceOptions
    {
        Client = new Dictionary<string, string>(Client) { ["session.timeout.ms"] = $"{session * 1_000}", ["heartbeat.interval.ms"] = "500" },
        StartTimeout = Integration.KafkaBench.StartPatience,
        Topics = [topic],
        Group = group,
        MaxBufferedMessages = buffered,
        OnNotice = notice =>
        {
            lock (_notices)
                _notices.Add(notice);
        },
    });

    private async Task WriteAsync(string topic, int from, int count, int keys = 1)
    {
        await using var producer = new KafkaMessageProducer(new KafkaProducerOptions { Client = Client });
        var messages = Enumerable.Range(from, count).Select(i => new OutgoingMessage { Key = Encoding.UTF8.GetBytes("k" + i % keys), Value = Encoding.UTF8.GetBytes(i.ToString()) }).ToList();
        Assert.All(await producer.ProduceAsync(topic, messages, Limit), r => Assert.True(r.IsStored, r.Error));
    }

    private static async Task<List<int>> ReadAsync(KafkaMessageSource source, int count)
    {
        var all = new List<int>();
        while (all.Count < count)
        {
            foreach (var message in await source.ReadAsync(count - all.Count, long.MaxValue, Limit))
                all.Add(int.Parse(Encoding.UTF8.GetString(message.Value!.Value.Span)));
        }

        return all;
    }

    [Fact]
    public async Task ReadAsync_AfterACommit_ResumesThere()
    {
        _brokers.CreateTopic("t", 1);
        await WriteAsync("t", 0, 50);
        await using (var first = Source("t"))
        {
            await first.StartAsync(new RecordingListener(), Limit);
            Assert.Equal(Enumerable.Range(0, 50), await ReadAsync(first, 50));
            await first.CommitAsync([new(new TopicPartition("t", 0), 20)], Limit);
        }

        await using var second = Source("t");
        await second.StartAsync(new RecordingListener(), Limit);
        Assert.Equal(Enumerable.Range(20, 30), await ReadAsync(second, 30));
    }

    [Fact]
    [FaultRow(5)]
    public async Task CommitAsync_GroupOrCoordinatorRefuses_NeitherThrowsNorLoses()
    {
        using var report = FaultReport.Begin(5);
        ErrorCode[] errors =
        [
            ErrorCode.GroupCoordinatorNotAvailable, ErrorCode.NotCoordinatorForGroup, ErrorCode.RequestTimedOut,
            ErrorCode.RebalanceInProgress, ErrorCode.UnknownMemberId, ErrorCode.IllegalGeneration,
        ];
        _brokers.CreateTopic("t", 1);
        await WriteAsync("t", 0, 100);
        var highest = 0L;
        var rounds = FaultCounts.Of(10, 1);
        await using (var source = Source("t", session: 4))
        {
            await source.StartAsync(new RecordingListener(), Limit);
            await ReadAsync(source, 100);
            foreach (var error in Enumerable.Repeat(errors, rounds).SelectMany(static all => all))
            {
                _brokers.Fail(OffsetCommit, error);
                highest += 1;
                await source.CommitAsync([new(new TopicPartition("t", 0), highest)], Limit);
            }
        }

        await using var next = Source("t");
        await next.StartAsync(new RecordingListener(), Limit);
        var seen = await ReadAsync(next, 40);
        // A partition that was lost in between takes its commits along: then it begins earlier. Never above what was asked for, and no gap.
        Assert.InRange(seen[0], 0, highest);
        Assert.Equal(Enumerable.Range(seen[0], 40), seen);
        report.Seen($"Kafka: {rounds} rounds of errors 15, 16, 7, 27, 25, 22 in answer to commits, no commit above what was asked for, 0 lost");
    }

    [Fact]
    [FaultRow(8)]
    public async Task ReadAsync_BrokerDownAndUp_WaitsThenGoesOn()
    {
        _brokers.CreateTopic("t", 1);
        await WriteAsync("t", 0, 10);
        await using var source = Source("t");
        await source.StartAsync(new RecordingListener(), Limit);
        await ReadAsync(source, 10);
        using var report = FaultReport.Begin(8);
        var cycles = FaultCounts.Of(20, 2);
        for (var cycle = 0; cycle < cycles; cycle++)
        {
            _brokers.Down();
            using var brief = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await source.ReadAsync(1, 1, brief.Token));
            _brokers.Up();
            await WriteAsync("t", 10 + cycle, 1);
            Assert.Equal([10 + cycle], await ReadAsync(source, 1));
        }

        report.Seen($"brokers inside the library: {cycles} times down and up, 0 lost");
    }

    [Fact]
    public async Task ReadAsync_PartitionsThatWentWhilePausedComeBack_ReadsThemAgain()
    {
        const int Partitions = 4;
        const int Count = 1_200;
        _brokers.CreateTopic("t", Partitions);
        await WriteAsync("t", 0, Count, keys: 100);
        using var pauses = new CounterWatch("streaming.kafka.pauses");
        await using var first = Source("t", buffered: 20, session: 4);
        await first.StartAsync(new RecordingListener(), Limit);
        // Nobody reads, so the buffer fills and the source pauses all that it has.
        await Integration.KafkaBench.UntilAsync(() => pauses.Sum > 0 && first.AssignedPartitions == Partitions);

        await using (var second = Source("t", session: 4))
        {
            await second.StartAsync(new RecordingListener(), Limit);
            await Integration.KafkaBench.UntilAsync(() => first.AssignedPartitions == 2 && second.AssignedPartitions == 2);
        }

        await Integration.KafkaBench.UntilAsync(() => first.AssignedPartitions == Partitions);
        // What was read ahead of a rebalance comes again: the numbers tell.
        var seen = new HashSet<int>();
        while (seen.Count < Count)
            seen.UnionWith(await ReadAsync(first, 1));
    }

    [Fact]
    public async Task ReadAsync_Disposed_EndsTheWait()
    {
        _brokers.CreateTopic("t", 1);
        var source = Source("t");
        await source.StartAsync(new RecordingListener(), Limit);
        var reading = source.ReadAsync(1, 1, Limit).AsTask();
        await source.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading);
    }

    [Fact]
    public async Task DisposeAsync_NeverStarted_ReturnsAtOnce()
    {
        var source = Source("t");
        await source.DisposeAsync();
        await source.DisposeAsync();
    }
}
