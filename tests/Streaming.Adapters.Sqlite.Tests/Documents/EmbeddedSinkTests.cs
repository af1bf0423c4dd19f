using Streaming.Adapters.Sqlite.DeadLetters;
using Streaming.Core.Messaging;
using Streaming.Core.Search;
using Streaming.Core.Sinks;
using static Streaming.Adapters.Sqlite.Tests.Samples;

namespace Streaming.Adapters.Sqlite.Tests.Documents;

public sealed class EmbeddedSinkTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task WriteAsync_OlderEqualNewerVersions_KeepsTheHighest()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var sink = store.CreateSink("t");
        async Task<SinkStatus> Put(string text, long version) => (await sink.WriteAsync([Write(Document("a", text), version)], None))[0].Status;
        Assert.Equal(SinkStatus.Applied, await Put("five", 5));
        Assert.Equal(SinkStatus.Superseded, await Put("five again", 5));
        Assert.Equal(SinkStatus.Superseded, await Put("four", 4));
        Assert.Equal(SinkStatus.Applied, await Put("six", 6));
        Assert.Equal("six", (await store.Search.GetAsync("a", None))!.Text);
        Assert.Equal(0, (await store.Search.SearchAsync(new() { Query = "five" }, None)).Total);
        Assert.Equal(1, (await store.Search.SearchAsync(new() { Query = "six" }, None)).Total);
        Assert.Equal(1, (await store.Search.SearchAsync(new(), None)).Total);
    }

    [Fact]
    public async Task WriteAsync_DeleteThenLateReplay_StaysDeleted()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var sink = store.CreateSink("t");
        await sink.WriteAsync([Write(Document("a", "hello"), 1), new DocumentWrite { Id = "a", Version = 3 }, new DocumentWrite { Id = "never", Version = 9 }], None);
        var late = await sink.WriteAsync([Write(Document("a", "hello"), 2), Write(Document("never", "x"), 8)], None);
        Assert.All(late, r => Assert.Equal(SinkStatus.Superseded, r.Status));
        Assert.Null(await store.Search.GetAsync("a", None));
        var all = await store.Search.SearchAsync(new(), None);
        Assert.Equal(0, all.Total);
        Assert.Empty(all.Hits);
        await sink.WriteAsync([Write(Document("a", "back"), 4)], None);
        Assert.Equal("back", (await store.Search.GetAsync("a", None))!.Text);
    }

    [Fact]
    public async Task WriteAsync_ImpossibleItems_AreRejectedAndTheirNeighboursStored()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var results = await store.CreateSink("t").WriteAsync(
        [
            Write(Document("ok", "fine")), Write(Document("", "x")), Write(Document(new string('i', 513), "x")), Write(Document("\ud800", "x")),
            Write(Document("lone", "a\udc00b")), Write(Document("v", "x"), 0), Write(Document(new string('i', 512), "also fine")),
        ], None);
        Assert.Equal(
            [SinkStatus.Applied, SinkStatus.Rejected, SinkStatus.Rejected, SinkStatus.Rejected, SinkStatus.Rejected, SinkStatus.Rejected, SinkStatus.Applied],
            results.Select(r => r.Status));
        Assert.All(results.Where(r => r.Status == SinkStatus.Rejected), r => Assert.False(string.IsNullOrEmpty(r.Reason)));
    }

    [Fact]
    public async Task WriteAsync_Transaction_StoresEverythingTogether()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await store.CreateProducer().ProduceAsync("text.raw", [Message("a"), Message("b"), Message("c")], None);
        await store.RegisterTopologyAsync("t", null, ["text.raw"], null, null, None);
        Assert.Equal(3, (await store.GetStatusAsync(None)).Single().Backlog);
        var sink = store.CreateSink("t");
        await sink.WriteAsync(
            [Write(Document("a", "hello"))],
            results =>
            {
                Assert.Equal(SinkStatus.Applied, Assert.Single(results).Status);
                return new TransactionTail([Letter(1)], [new PartitionCommit(new("text.raw", 0), 2)], new OutcomeCounts(1, 1, 0, 0));
            },
            None);
        var status = (await store.GetStatusAsync(None)).Single();
        Assert.Equal((3, 1, new OutcomeCounts(1, 1, 0, 0), "starter", "1"), (status.Ingested, status.Backlog, status.Outcomes, status.Model, status.ModelVersion));
        Assert.Single(await store.ListDeadLettersAsync(new DeadLetterQuery(), None));
    }

    [Fact]
    public async Task WriteAsync_CompleteThrows_NothingIsStoredAndOthersGoOn()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await store.CreateProducer().ProduceAsync("text.raw", [Message("a")], None);
        var sink = store.CreateSink("t");
        var calls = 0;
        await Assert.ThrowsAsync<TimeZoneNotFoundException>(async () => await sink.WriteAsync(
            [Write(Document("a", "hello", source: "s", entities: [new("PER", "hello", 0, 5, 1)]))],
            _ =>
            {
                calls++;
                throw new TimeZoneNotFoundException();
            },
            None));
        Assert.Equal(1, calls);
        Assert.Null(await store.Search.GetAsync("a", None));
        await sink.WriteAsync([Write(Document("b", "hello", source: "s", entities: [new("PER", "hello", 0, 5, 1)]))], None);
        var found = await store.Search.SearchAsync(new SearchRequest { Sources = ["s"], Entities = ["PER:HELLO"] }, None);
        Assert.Equal(["b"], found.Hits.Select(h => h.Document.Id));
        Assert.Equal([new FacetValue("s", 1)], found.Facets["source"]);
    }

    [Fact]
    public async Task GetAsync_StoredDocument_ComesBackEqual()
    {
        using var folder = new StoreFolder();
        var document = Document("a", "Zoë met 😀 in \"Paris\" <b>\0\u2028", topic: "travel", sentiment: "positive", source: "s",
            entities: [new("PER", "Zoë", 0, 3, 0.25)], aspects: [new("met", 4, 7, "neutral", 0.5)]);
        await using (var store = await folder.OpenAsync())
            await store.CreateSink("t").WriteAsync([Write(document)], None);
        await using var again = await folder.OpenAsync();
        var read = await again.Search.GetAsync("a", None);
        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(document, Contracts.ContractsJson.Wire.EnrichedDocument), System.Text.Json.JsonSerializer.Serialize(read!, Contracts.ContractsJson.Wire.EnrichedDocument));
        Assert.Null(read!.Unknown);
    }
}
