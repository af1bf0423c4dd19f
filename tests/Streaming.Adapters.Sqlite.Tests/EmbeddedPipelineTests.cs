using System.Text;
using Streaming.Adapters.Sqlite.DeadLetters;
using Streaming.Contracts;
using Streaming.Core.Engine;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;
using Streaming.Testing.Engine;
using Streaming.Testing.Fakes;

namespace Streaming.Adapters.Sqlite.Tests;

/// <summary>The real engine on the real store.</summary>
public sealed class EmbeddedPipelineTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private static async Task RunAsync(EmbeddedStore store, IDocumentSink? sink = null, int partitions = 1)
    {
        await store.EnsureTopicAsync("raw", partitions, None);
        await using var source = store.CreateSource(new() { Group = "test", Topics = ["raw"], StopAtEnd = true });
        var embedded = store.CreateSink("test");
        await TestEngine.Create().RunAsync(
            new Pipeline
            {
                Topology = "test",
                Source = source,
                Sink = sink ?? embedded,
                DeadLetters = embedded,
                Models = new FakeModelSource(new FakeModel()),
                Batching = new() { MaxBatchTokens = 64, MaxBatchSize = 8, MaxQueueSize = 64, MaxConcurrentBatches = 2, MaxQueueDelay = TimeSpan.FromMilliseconds(5) },
            },
            None,
            None);
    }

    private static OutgoingMessage Json(string id, string text) =>
        new() { Key = Encoding.UTF8.GetBytes(id), Value = Encoding.UTF8.GetBytes($$"""{"text":"{{text}}"}""") };

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task RunAsync_GoodBadDeletedAndRepeated_EachEndsInOneState(int partitions)
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await store.EnsureTopicAsync("raw", partitions, None);
        var messages = Enumerable.Range(0, 300).Select(i => Json($"d{i}", $"text {i} of Someone is good")).ToList();
        messages.Insert(100, new() { Key = "bad"u8.ToArray(), Value = new byte[] { (byte)'{', 0xff } });
        messages.Insert(200, new() { Value = "{\"text\":"u8.ToArray() });
        messages.Add(Json("d7", "the newer text"));
        messages.Add(new() { Key = "d8"u8.ToArray() });
        await store.CreateProducer().ProduceAsync("raw", messages, None);
        await RunAsync(store, partitions: partitions);

        var status = (await store.GetStatusAsync(None)).Single();
        Assert.Equal((304, 0, new OutcomeCounts(301, 2, 0, 1), "fake"), (status.Ingested, status.Backlog, status.Outcomes, status.Model));
        Assert.Equal(299, (await store.Search.SearchAsync(new(), None)).Total);
        Assert.Equal("the newer text", (await store.Search.GetAsync("d7", None))!.Text);
        Assert.Null(await store.Search.GetAsync("d8", None));
        Assert.Equal(298, (await store.Search.SearchAsync(new() { Entities = ["PER:someone", "MISC:Someone", ":Someone"] }, None)).Total);
        var letters = await store.ListDeadLettersAsync(new DeadLetterQuery(), None);
        Assert.Equal(2, letters.Count);
        Assert.Contains(letters, l => l.Letter.Value!.SequenceEqual(new byte[] { (byte)'{', 0xff }));

        await store.RedriveAsync([.. letters.Select(l => l.Id)], None);
        await RunAsync(store, partitions: partitions);
        letters = await store.ListDeadLettersAsync(new DeadLetterQuery(), None);
        Assert.Equal([2, 2], letters.Select(l => l.Letter.Attempts));
        Assert.Equal(299, (await store.Search.SearchAsync(new(), None)).Total);
    }

    [Fact]
    public async Task RunAsync_ReplayedFromTheStart_ChangesNothing()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await store.CreateProducer().ProduceAsync("raw", [.. Enumerable.Range(0, 100).Select(i => Json($"d{i % 40}", $"text {i}"))], None);
        await RunAsync(store);
        var before = await store.Search.SearchAsync(new() { Size = 200 }, None);
        await using var again = store.CreateSource(new() { Group = "again", Topics = ["raw"], StopAtEnd = true });
        await TestEngine.Create().RunAsync(
            new Pipeline { Topology = "test", Source = again, Sink = store.CreateSink("test", "again"), DeadLetters = store.CreateSink("test", "again"), Models = new FakeModelSource(new FakeModel()) },
            None,
            None);
        var after = await store.Search.SearchAsync(new() { Size = 200 }, None);
        Assert.Equal(40, after.Total);
        Assert.Equal(before.Hits.Select(h => (h.Document.Id, h.Document.Text, h.Document.Lineage.Offset)), after.Hits.Select(h => (h.Document.Id, h.Document.Text, h.Document.Lineage.Offset)));
    }
}
