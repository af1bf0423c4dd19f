using System.Text;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Messaging;
using Streaming.Testing.Faults;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Kafka.Tests.Integration;

[Collection(KafkaCollection.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaMessageSourceTests(KafkaServer server)
{
    private readonly KafkaBench _bench = new(server);

    [IntegrationFact("kafka")]
    public async Task ReadAsync_KeysValuesHeadersTimes_ComeByteForByte()
    {
        var topic = await _bench.TopicAsync();
        var time = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123);
        byte[] odd = [0, 0xFF, 0xC3, 0x28, 10];
        await using (var producer = _bench.Producer())
        {
            var results = await producer.ProduceAsync(
                topic,
                [
                    new OutgoingMessage { Key = odd, Value = odd, Timestamp = time, Headers = [new("a", odd), new("a", null), new("ünï", [])] },
                    new OutgoingMessage { Key = "k"u8.ToArray(), Value = null },
                    new OutgoingMessage { Key = null, Value = Array.Empty<byte>() },
                ],
                KafkaBench.Limit());
            Assert.Equal([0L, 1L, 2L], results.Select(r => r.Offset));
        }

        await using var source = new KafkaMessageSource(_bench.Options(topic, KafkaBench.Name("g")));
        await source.StartAsync(new RecordingListener(), default);
        var messages = await KafkaBench.ReadAsync(source, 3);

        Assert.Equal(odd, messages[0].Key!.Value.ToArray());
        Assert.Equal(odd, messages[0].Value!.Value.ToArray());
        Assert.Equal(time, messages[0].Timestamp);
        Assert.Equal(["a", "a", "ünï"], messages[0].Headers.Select(h => h.Name));
        Assert.Equal(odd, messages[0].Headers[0].Value);
        Assert.Null(messages[0].Headers[1].Value);
        Assert.Empty(messages[0].Headers[2].Value!);
        Assert.Null(messages[1].Value);
        Assert.Null(messages[2].Key);
        Assert.Equal(0, messages[2].Value!.Value.Length);
    }

    [IntegrationFact("kafka")]
    public async Task CommitAsync_ThenAnotherConsumer_GoesOnThere()
    {
        var topic = await _bench.TopicAsync(3);
        var group = KafkaBench.Name("g");
        await _bench.WriteAsync(topic, 0, 300);
        var seen = new HashSet<int>();
        for (var round = 0; round < 3; round++)
        {
            await using var source = new KafkaMessageSource(_bench.Options(topic, group));
            var listener = new RecordingListener();
            await source.StartAsync(listener, default);
            var messages = await KafkaBench.ReadAsync(source, 100);
            foreach (var message in messages)
                Assert.True(seen.Add(KafkaBench.Number(message)), "delivered twice");
            await source.CommitAsync(KafkaBench.Ends(messages), KafkaBench.Limit());
            Assert.All(listener.Assigned, a => Assert.True(a.Partition.NextOffset >= 0));
        }

        Assert.Equal(300, seen.Count);
        Assert.Equal(300, await _bench.CommittedAsync(group, topic));
    }

    [IntegrationFact("kafka")]
    public async Task ReadAsync_NothingAcknowledged_CommitsNothing()
    {
        var topic = await _bench.TopicAsync();
        var group = KafkaBench.Name("g");
        await _bench.WriteAsync(topic, 0, 50);
        await using (var source = new KafkaMessageSource(_bench.Options(topic, group)))
        {
            await source.StartAsync(new RecordingListener(), default);
            await KafkaBench.ReadAsync(source, 50);
        }

        await using var admin = new KafkaAdmin(_bench.Client);
        Assert.Null(Assert.Single(await admin.DescribeLagAsync(group, [topic], KafkaBench.Limit())).Committed);
    }

    [IntegrationFact("kafka")]
    public async Task CommitAsync_GoingBack_IsLeftOut()
    {
        var topic = await _bench.TopicAsync();
        var group = KafkaBench.Name("g");
        await _bench.WriteAsync(topic, 0, 50);
        await using var source = new KafkaMessageSource(_bench.Options(topic, group));
        await source.StartAsync(new RecordingListener(), default);
        await KafkaBench.ReadAsync(source, 50);
        var partition = new TopicPartition(topic, 0);
        await source.CommitAsync([new(partition, 40)], KafkaBench.Limit());
        await source.CommitAsync([new(partition, 10)], KafkaBench.Limit());
        await source.CommitAsync([new(new TopicPartition(topic, 7), 10)], KafkaBench.Limit());
        Assert.Equal(40, await _bench.CommittedAsync(group, topic));
    }

    [IntegrationFact("kafka")]
    [FaultRow(7)]
    public async Task ReadAsync_ReaderSlowerThanMaxPollInterval_KeepsItsPartitionsAndEveryMessage()
    {
        using var report = FaultReport.Begin(7);
        var topic = await _bench.TopicAsync(2);
        await _bench.WriteAsync(topic, 0, 3_000, size: 1_000);
        var options = _bench.Options(
            topic, KafkaBench.Name("g"),
            ("max.poll.interval.ms", "20000"), ("session.timeout.ms", "20000"), ("queued.min.messages", "100")) with { MaxBufferedMessages = 50 };
        await using var source = new KafkaMessageSource(options);
        var listener = new RecordingListener();
        await source.StartAsync(listener, default);
        var all = await KafkaBench.ReadAsync(source, 100);
        await Task.Delay(TimeSpan.FromSeconds(25));
        all.AddRange(await KafkaBench.ReadAsync(source, 2_900));

        Assert.Empty(listener.Lost);
        Assert.Empty(listener.Revoked);
        Assert.Equal(3_000, all.Select(KafkaBench.Number).Distinct().Count());
        foreach (var partition in all.GroupBy(m => m.Partition))
            Assert.Equal(partition.Select(m => m.Offset).Order(), partition.Select(m => m.Offset));
        Assert.False(_bench.Heard("kafka_max_poll_exceeded"));
        report.Seen("Kafka: reader still for 25 s at max.poll.interval.ms=20000, 0 group leaves, 3,000 of 3,000 read in order");
    }

    [IntegrationFact("kafka")]
    [FaultRow(9)]
    public async Task ReadAsync_CommittedOffsetDeleted_SaysSoAndGoesOnWithTheOldest()
    {
        using var report = FaultReport.Begin(9);
        var topic = await _bench.TopicAsync();
        var group = KafkaBench.Name("g");
        await _bench.WriteAsync(topic, 0, 100);
        await using (var first = new KafkaMessageSource(_bench.Options(topic, group)))
        {
            await first.StartAsync(new RecordingListener(), default);
            await KafkaBench.ReadAsync(first, 10);
            await first.CommitAsync([new(new TopicPartition(topic, 0), 10)], KafkaBench.Limit());
        }

        await _bench.DeleteBeforeAsync(topic, 40);
        await using var source = new KafkaMessageSource(_bench.Options(topic, group));
        await source.StartAsync(new RecordingListener(), default);
        var messages = await KafkaBench.ReadAsync(source, 60);

        Assert.Equal(40, messages[0].Offset);
        var notice = Assert.Single(_bench.Notices, n => n.Code == "kafka_offset_out_of_range");
        Assert.Contains("30 messages", notice.Message);
        report.Seen("Kafka: 30 messages aged out behind the commit, told and counted once, read on at the oldest");
    }

    [IntegrationFact("kafka")]
    public async Task ReadAsync_CommittedOffsetDeletedAndToldToFail_StopsWithACode()
    {
        var topic = await _bench.TopicAsync();
        var group = KafkaBench.Name("g");
        await _bench.WriteAsync(topic, 0, 20);
        await using (var first = new KafkaMessageSource(_bench.Options(topic, group)))
        {
            await first.StartAsync(new RecordingListener(), default);
            await KafkaBench.ReadAsync(first, 10);
            await first.CommitAsync([new(new TopicPartition(topic, 0), 5)], KafkaBench.Limit());
        }

        await _bench.DeleteBeforeAsync(topic, 12);
        await using var source = new KafkaMessageSource(_bench.Options(topic, group) with { OutOfRange = KafkaOutOfRange.Fail });
        await source.StartAsync(new RecordingListener(), default);
        var error = await Assert.ThrowsAsync<StreamingException>(() => KafkaBench.ReadAsync(source, 1));
        Assert.Equal("kafka_offset_out_of_range", error.Code);
    }

    [IntegrationFact("kafka")]
    public async Task StartAsync_Latest_RemembersWhereItBegan()
    {
        var topic = await _bench.TopicAsync();
        var group = KafkaBench.Name("g");
        await _bench.WriteAsync(topic, 0, 10);
        var options = _bench.Options(topic, group) with { Start = KafkaStart.Latest };
        await using (var first = new KafkaMessageSource(options))
        {
            await first.StartAsync(new RecordingListener(), default);
            await KafkaBench.UntilAsync(() => first.AssignedPartitions == 1);
        }

        await _bench.WriteAsync(topic, 10, 5);
        await using var source = new KafkaMessageSource(options);
        await source.StartAsync(new RecordingListener(), default);
        Assert.Equal([10, 11, 12, 13, 14], (await KafkaBench.ReadAsync(source, 5)).Select(KafkaBench.Number));
    }

    [IntegrationFact("kafka")]
    public async Task StartAsync_RegularExpression_ReadsEveryTopicThatMatches()
    {
        var one = await _bench.TopicAsync();
        var two = await _bench.TopicAsync();
        await _bench.WriteAsync(one, 0, 5);
        await _bench.WriteAsync(two, 5, 5);
        await using var source = new KafkaMessageSource(_bench.Options($"^({one}|{two})$", KafkaBench.Name("g")));
        await source.StartAsync(new RecordingListener(), default);
        Assert.Equal(Enumerable.Range(0, 10), (await KafkaBench.ReadAsync(source, 10)).Select(KafkaBench.Number).Order());
    }

    [IntegrationFact("kafka")]
    public async Task StartAsync_StaticMember_ComesBackWithoutARebalance()
    {
        var topic = await _bench.TopicAsync(4);
        var group = KafkaBench.Name("g");
        await _bench.WriteAsync(topic, 0, 400);
        var listener = new RecordingListener();
        await using var steady = new KafkaMessageSource(_bench.Options(topic, group, ("group.instance.id", "steady"), ("session.timeout.ms", "120000")));
        await steady.StartAsync(listener, default);
        var other = new KafkaMessageSource(_bench.Options(topic, group, ("group.instance.id", "restarted"), ("session.timeout.ms", "120000")));
        await other.StartAsync(new RecordingListener(), default);
        await KafkaBench.UntilAsync(() => steady.AssignedPartitions == 2 && other.AssignedPartitions == 2);
        var before = listener.Assigned.Count;

        // A process with an id of its own that is started again takes up its old partitions, and nobody else notices.
        await other.DisposeAsync();
        await using var again = new KafkaMessageSource(_bench.Options(topic, group, ("group.instance.id", "restarted"), ("session.timeout.ms", "120000")));
        await again.StartAsync(new RecordingListener(), default);
        await KafkaBench.UntilAsync(() => again.AssignedPartitions == 2);
        Assert.Equal(before, listener.Assigned.Count);
        Assert.Empty(listener.Lost);
        Assert.Equal(2, steady.AssignedPartitions);
    }

    [IntegrationFact("kafka")]
    public async Task ReadAsync_SecondWithTheSameInstanceId_TheFirstStopsAndSaysWhy()
    {
        var topic = await _bench.TopicAsync();
        var group = KafkaBench.Name("g");
        await using var first = new KafkaMessageSource(_bench.Options(topic, group, ("group.instance.id", "twin")));
        await first.StartAsync(new RecordingListener(), default);
        await KafkaBench.UntilAsync(() => first.AssignedPartitions == 1);
        await using var second = new KafkaMessageSource(_bench.Options(topic, group, ("group.instance.id", "twin")));
        await second.StartAsync(new RecordingListener(), default);
        var error = await Assert.ThrowsAsync<StreamingException>(() => KafkaBench.ReadAsync(first, 1));
        Assert.Equal("kafka_client_fatal", error.Code);
        Assert.Contains("group.instance.id", error.Message);
    }

    [IntegrationFact("kafka")]
    public async Task GetLagAsync_SomeCommitted_CountsTheRestAndItsAge()
    {
        var topic = await _bench.TopicAsync();
        await _bench.WriteAsync(topic, 0, 100);
        await using var source = new KafkaMessageSource(_bench.Options(topic, KafkaBench.Name("g")));
        await source.StartAsync(new RecordingListener(), default);
        await KafkaBench.ReadAsync(source, 100);
        await source.CommitAsync([new(new TopicPartition(topic, 0), 60)], KafkaBench.Limit());
        var lag = await source.GetLagAsync(default);
        Assert.Equal(40, lag.Messages);
        Assert.InRange(lag.Age!.Value, TimeSpan.Zero, KafkaBench.Patience);
        await source.CommitAsync([new(new TopicPartition(topic, 0), 100)], KafkaBench.Limit());
        Assert.Equal(new SourceLag(0, null), await source.GetLagAsync(default));
    }

    [IntegrationFact("kafka")]
    public async Task ReadAsync_AnotherMemberComes_DrainsThenGivesUpAndEpochsRise()
    {
        var topic = await _bench.TopicAsync(4);
        var group = KafkaBench.Name("g");
        await _bench.WriteAsync(topic, 0, 400);
        await using var first = new KafkaMessageSource(_bench.Options(topic, group));
        var listener = new RecordingListener();
        var commits = new List<PartitionCommit>();
        // Draining commits from within the rebalance, as an engine does.
        listener.Drain = async (_, cancellationToken) => await first.CommitAsync(commits, cancellationToken);
        await first.StartAsync(listener, default);
        commits.AddRange(KafkaBench.Ends(await KafkaBench.ReadAsync(first, 400)));

        await using var second = new KafkaMessageSource(_bench.Options(topic, group));
        await second.StartAsync(new RecordingListener(), default);
        await KafkaBench.UntilAsync(() => first.AssignedPartitions == 2 && second.AssignedPartitions == 2);

        Assert.Equal(4, listener.Revoked.Count);
        Assert.Empty(listener.Lost);
        Assert.Equal([1, 2], listener.Assigned.Select(a => a.Epoch).Distinct());
        Assert.Equal(400, await _bench.CommittedAsync(group, topic));
    }
}
