using System.Text;
using Streaming.Adapters.Sqlite.Log;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Messaging;
using static Streaming.Adapters.Sqlite.Tests.Samples;

namespace Streaming.Adapters.Sqlite.Tests.Log;

public sealed class EmbeddedLogTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task ProduceAsync_AllKindsOfMessages_AreReadBackByteForByte()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await using var producer = store.CreateProducer();
        var time = new DateTimeOffset(2020, 2, 3, 4, 5, 6, 789, TimeSpan.FromHours(2)).AddTicks(7);
        OutgoingMessage[] sent =
        [
            Message("plain"),
            new() { Key = "k"u8.ToArray(), Value = null },
            new() { Key = ReadOnlyMemory<byte>.Empty, Value = ReadOnlyMemory<byte>.Empty },
            new() { Value = new byte[] { 0xff, 0, 0xfe }, Timestamp = time, Headers = [new("a", [1]), new("a", null), new("ü", [])] },
        ];
        var results = await producer.ProduceAsync("text.raw", sent, None);
        Assert.Equal([0L, 1, 2, 3], results.Select(r => r.Offset));

        await using var source = store.CreateSource(new() { Group = "g", Topics = ["text.raw"] });
        await source.StartAsync(new Assignments(), None);
        var read = await source.ReadAsync(10, long.MaxValue, None);
        Assert.Equal(4, read.Count);
        for (var i = 0; i < sent.Length; i++)
        {
            Assert.Equal(sent[i].Key?.ToArray(), read[i].Key?.ToArray());
            Assert.Equal(sent[i].Value?.ToArray(), read[i].Value?.ToArray());
            Assert.Equal(sent[i].Headers.Select(h => (h.Name, Convert.ToHexString(h.Value ?? [7]))), read[i].Headers.Select(h => (h.Name, Convert.ToHexString(h.Value ?? [7]))));
        }
        Assert.Equal(time, read[3].Timestamp);
    }

    [Fact]
    public async Task ReadAsync_AppendedWhileWaiting_WakesAtOnce()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync(new() { PollInterval = TimeSpan.FromSeconds(10) });
        await using var source = store.CreateSource(new() { Group = "g", Topics = ["text.raw"] });
        await source.StartAsync(new Assignments(), None);
        var reading = source.ReadAsync(10, 1_000, None);
        Assert.False(reading.IsCompleted);
        await store.CreateProducer().ProduceAsync("text.raw", [Message("x")], None);
        Assert.Single(await reading);
    }

    [Fact]
    public async Task ReadAsync_AppendedThroughAnotherStore_IsFoundByPolling()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync(new() { PollInterval = TimeSpan.FromMilliseconds(5) });
        await using var other = await folder.OpenAsync();
        await using var source = store.CreateSource(new() { Group = "g", Topics = ["text.raw"] });
        await source.StartAsync(new Assignments(), None);
        var reading = source.ReadAsync(10, 1_000, None);
        await other.CreateProducer().ProduceAsync("text.raw", [Message("x")], None);
        Assert.Single(await reading);
    }

    [Fact]
    public async Task CommitAsync_ThenNewSource_GoesOnThere()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await store.CreateProducer().ProduceAsync("t", [.. Enumerable.Range(0, 10).Select(i => Message($"{i}"))], None);
        var place = new TopicPartition("t", 0);
        await using (var first = store.CreateSource(new() { Group = "g", Topics = ["t"] }))
        {
            await first.StartAsync(new Assignments(), None);
            var lag = await first.GetLagAsync(None);
            Assert.Equal(10, lag.Messages);
            Assert.NotNull(lag.Age);
            await first.ReadAsync(100, long.MaxValue, None);
            await first.CommitAsync([new PartitionCommit(place, 7)], None);
            await first.CommitAsync([new PartitionCommit(place, 3)], None);
            Assert.Equal(3, (await first.GetLagAsync(None)).Messages);
        }
        var heard = new Assignments();
        await using var second = store.CreateSource(new() { Group = "g", Topics = ["t"], StopAtEnd = true });
        await second.StartAsync(heard, None);
        Assert.Equal([new PartitionCommit(place, 7)], heard.Assigned);
        Assert.Equal([7L, 8, 9], (await second.ReadAsync(100, long.MaxValue, None)).Select(m => m.Offset));
        Assert.Empty(await second.ReadAsync(100, long.MaxValue, None));
    }

    [Fact]
    public async Task ReadAsync_MaxBytes_StopsBehindTheMessageThatReachesIt()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await store.CreateProducer().ProduceAsync("t", [.. Enumerable.Range(0, 10).Select(_ => Message(new string('x', 100)))], None);
        await using var source = store.CreateSource(new() { Group = "g", Topics = ["t"] });
        await source.StartAsync(new Assignments(), None);
        Assert.Equal(3, (await source.ReadAsync(100, 250, None)).Count);
        Assert.Single(await source.ReadAsync(100, 1, None));
        Assert.Equal(2, (await source.ReadAsync(2, long.MaxValue, None)).Count);
    }

    [Fact]
    public async Task ProduceAsync_ManyPartitions_KeepsKeysTogetherAndInOrder()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await store.EnsureTopicAsync("t", 8, None);
        var producer = store.CreateProducer();
        var messages = Enumerable.Range(0, 400).Select(i => Message($"{i}", $"key{i % 40}")).ToArray();
        var results = await producer.ProduceAsync("t", messages, None);
        Assert.True(results.Select(r => r.Partition.Partition).Distinct().Count() > 4);
        Assert.All(results.Zip(messages).GroupBy(p => Encoding.UTF8.GetString(p.Second.Key!.Value.Span)), g => Assert.Single(g.Select(p => p.First.Partition).Distinct()));

        await using var source = store.CreateSource(new() { Group = "g", Topics = ["t"], StopAtEnd = true });
        await source.StartAsync(new Assignments(), None);
        var read = new List<SourceMessage>();
        while (await source.ReadAsync(37, long.MaxValue, None) is { Count: > 0 } some)
            read.AddRange(some);
        Assert.Equal(400, read.Count);
        Assert.All(read.GroupBy(m => Encoding.UTF8.GetString(m.Key!.Value.Span)), g =>
            Assert.Equal(g.Select(m => int.Parse(Encoding.UTF8.GetString(m.Value!.Value.Span))).Order(), g.Select(m => int.Parse(Encoding.UTF8.GetString(m.Value!.Value.Span)))));
        var error = await Assert.ThrowsAsync<StreamingException>(async () => await store.EnsureTopicAsync("t", 4, None));
        Assert.Equal("topic_partitions_differ", error.Code);
    }

    [Fact]
    public async Task ProduceAsync_TooLargeMessage_IsRefusedAndItsNeighboursStored()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync(new() { MaxMessageBytes = 1_024 });
        var results = await store.CreateProducer().ProduceAsync("t", [Message("a"), Message(new string('x', 1_025)), Message("b")], None);
        Assert.Equal([null, ErrorCodes.MessageTooLarge, null], results.Select(r => r.Error));
        Assert.Equal([0L, -1, 1], results.Select(r => r.Offset));
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("ä")]
    public async Task ProduceAsync_ImpossibleTopicName_IsRefused(string topic)
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var error = await Assert.ThrowsAsync<StreamingException>(async () => await store.CreateProducer().ProduceAsync(topic, [Message("a")], None));
        Assert.Equal("invalid_topic", error.Code);
    }

    [Fact]
    public async Task StartAsync_SameGroupTwice_IsRefusedUntilTheFirstIsGone()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var first = store.CreateSource(new() { Group = "g", Topics = ["t"] });
        await first.StartAsync(new Assignments(), None);
        await using (var second = store.CreateSource(new() { Group = "g", Topics = ["t"] }))
        {
            var error = await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await second.StartAsync(new Assignments(), None));
            Assert.Equal("group_in_use", error.Code);
        }
        await first.DisposeAsync();
        await using var third = store.CreateSource(new() { Group = "g", Topics = ["t"] });
        await third.StartAsync(new Assignments(), None);
    }

    [Fact]
    public async Task ProduceAsync_ManyCallersAtOnce_GivesEveryMessageAnOffsetOfItsOwn()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var producer = store.CreateProducer();
        var results = await Task.WhenAll(Enumerable.Range(0, 100).Select(async i => await producer.ProduceAsync("t", [Message($"{i}"), Message($"{i}")], None)));
        Assert.Equal(Enumerable.Range(0, 200).Select(i => (long)i), results.SelectMany(r => r).Select(r => r.Offset).Order());
    }
}
