using System.Text;
using Streaming.Adapters.Sqlite.Native;
using Streaming.Contracts;
using Streaming.Core.Labelling;
using Streaming.Core.Sinks;
using Streaming.Testing.Conformance;
using static Streaming.Adapters.Sqlite.Tests.Samples;

namespace Streaming.Adapters.Sqlite.Tests.SampleStoring; // Samples is a class here

public sealed class EmbeddedSampleStoreConformanceTests : SampleStoreConformance, IAsyncLifetime
{
    private readonly OpenedStore _opened = new();

    public Task InitializeAsync() => _opened.OpenAsync();

    public async Task DisposeAsync() => await _opened.DisposeAsync();

    protected override Task<ISampleStore> OpenAsync() => Task.FromResult(_opened.Store.Samples);
}

public sealed class EmbeddedSampleStoreTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task WriteAsync_RequestsInTheTransaction_LieInStoreAndTopicOnce()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var sink = store.CreateSink("t", labelTopic: "t.to-label");
        var request = SampleStoreConformance.Request("a");
        for (var i = 1; i <= 2; i++)
            await sink.WriteAsync([Write(Document("d", "text"), i)], _ => new TransactionTail([], [], new OutcomeCounts(1, 0, 0, 0)) { Requests = [request] }, None);
        await Assert.ThrowsAsync<TimeZoneNotFoundException>(async () => await sink.WriteAsync(
            [Write(Document("e", "text"))], _ => throw new TimeZoneNotFoundException(), None));

        Assert.Equal("a", Assert.Single(await store.Samples.ListRequestsAsync(new(), None)).Request.Id);
        await using var source = store.CreateSource(new() { Group = "g", Topics = ["t.to-label"], StopAtEnd = true });
        await source.StartAsync(new Assignments(), None);
        var message = Assert.Single(await source.ReadAsync(10, long.MaxValue, None));
        Assert.Equal("a", Encoding.UTF8.GetString(message.Key!.Value.Span));
    }

    [Fact]
    public async Task OpenAsync_StoreOfAnOlderRelease_GetsTheNewTablesAndKeepsItsDocuments()
    {
        using var folder = new StoreFolder();
        await using (var old = await folder.OpenAsync())
            await old.CreateSink("t").WriteAsync([Write(Document("d", "kept"))], None);
        using (var database = SqliteDatabase.Open(folder.File, create: false, 1 << 20, TimeSpan.FromSeconds(1)))
            database.Execute("DROP TABLE label_requests; DROP TABLE samples; DROP TABLE label_spending; DROP TABLE label_replies; PRAGMA user_version=1");

        await using var store = await folder.OpenAsync();

        Assert.Equal(1, await store.Samples.AddRequestsAsync([SampleStoreConformance.Request("a")], None));
        Assert.Equal("kept", (await store.Search.GetAsync("d", None))!.Text);
    }

    [Fact]
    public async Task ReserveAsync_Caps_FailClosedAndSurviveAStart()
    {
        using var folder = new StoreFolder();
        var caps = new SpendCaps(PerDay: 1, PerDocument: 0.5);
        await using (var store = await folder.OpenAsync())
        {
            var first = (await store.Spending.ReserveAsync("a", 0.4, caps, None)).Reservation;
            Assert.NotNull(first);
            Assert.Equal(new SpendDecision(null, DayIsSpent: false), await store.Spending.ReserveAsync("a", 0.2, caps, None));
            await store.Spending.SettleAsync(first.Value, 0.1, None);
            await store.Spending.SettleAsync(first.Value, 0, None);
            Assert.NotNull((await store.Spending.ReserveAsync("a", 0.4, caps, None)).Reservation);
            Assert.NotNull((await store.Spending.ReserveAsync("b", 0.5, caps, None)).Reservation);
        }

        // The last two were never settled: they count in full.
        await using var again = await folder.OpenAsync();
        Assert.Equal(1, await again.Spending.SpentTodayAsync(None), 1e-9);
        Assert.Equal(new SpendDecision(null, DayIsSpent: true), await again.Spending.ReserveAsync("c", 0.000_001, caps, None));
    }

    [Fact]
    public async Task KeepAsync_SameKey_ReplacesTheReply()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await store.Replies.KeepAsync("k", "one", None);
        await store.Replies.KeepAsync("k", "two", None);

        Assert.Equal("two", await store.Replies.FindAsync("k", None));
        Assert.Null(await store.Replies.FindAsync("other", None));
    }
}
