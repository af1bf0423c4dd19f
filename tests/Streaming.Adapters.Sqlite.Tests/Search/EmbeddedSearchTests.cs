using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Search;
using Streaming.Core.Sinks;
using static Streaming.Adapters.Sqlite.Tests.Samples;

namespace Streaming.Adapters.Sqlite.Tests.Search;

public sealed class EmbeddedSearchTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private static async Task<EmbeddedStore> Filled(StoreFolder folder, params EnrichedDocument[] documents)
    {
        var store = await folder.OpenAsync();
        await store.CreateSink("t").WriteAsync([.. documents.Select(d => Write(d))], None);
        return store;
    }

    private static async Task<string[]> Ids(EmbeddedStore store, SearchRequest request) =>
        [.. (await store.Search.SearchAsync(request, None)).Hits.Select(h => h.Document.Id)];

    [Theory]
    [InlineData("fox", "a,b")]
    [InlineData("FÖX", "a,b")]
    [InlineData("brown fox", "a")]
    [InlineData("\"brown fox\"", "a")]
    [InlineData("\"fox brown\"", "")]
    [InlineData("fox -brown", "b")]
    [InlineData("-fox", "c")]
    [InlineData("-\"brown fox\"", "b,c")]
    [InlineData("don't", "c")]
    [InlineData("naïve", "c")]
    [InlineData("NAIVE", "c")]
    [InlineData("北京", "c")]
    [InlineData("京北", "")]
    [InlineData("😀", "c")]
    [InlineData("***", "")]
    [InlineData("  ", "a,b,c")]
    public async Task SearchAsync_Query_FindsWhatItShould(string query, string expected)
    {
        using var folder = new StoreFolder();
        await using var store = await Filled(folder,
            Document("a", "The quick brown fox jumps"), Document("b", "A föx, and another FOX."), Document("c", "I don't like na\u00efve 北京 food 😀"));
        var found = await Ids(store, new SearchRequest { Query = query });
        Assert.Equal(expected.Split(',', StringSplitOptions.RemoveEmptyEntries), found.Order());
    }

    [Fact]
    public async Task SearchAsync_Filters_HoldTogetherAndWithinAListAny()
    {
        using var folder = new StoreFolder();
        await using var store = await Filled(folder,
            Document("a", "Obama in Paris", Noon, "politics", "positive", "news", [new("PER", "Obama", 0, 5, 1), new("LOC", "Paris", 9, 14, 1)]),
            Document("b", "OBAMA speaks", Noon.AddDays(1), "politics", "negative", "tweets", [new("PER", "OBAMA", 0, 5, 1)]),
            Document("c", "Great food: nice", Noon.AddDays(2), "food", "positive", "tweets", aspects: [new("food: nice", 6, 16, "positive", 1)]));
        async Task Check(SearchRequest request, params string[] ids) => Assert.Equal(ids, (await Ids(store, request)).Order());
        await Check(new() { Entities = ["PER"] }, "a", "b");
        await Check(new() { Entities = ["PER:obama"] }, "a", "b");
        await Check(new() { Entities = ["LOC:Obama"] });
        await Check(new() { Entities = [":paris"] }, "a");
        await Check(new() { Entities = ["LOC", "PER:obama"] }, "a", "b");
        await Check(new() { Topics = ["food", "politics"], Sentiments = ["positive"] }, "a", "c");
        await Check(new() { Sources = ["tweets"], Query = "speaks" }, "b");
        await Check(new() { Aspects = ["Food: Nice"] }, "c");
        await Check(new() { Aspects = ["food: nice:positive"] }, "c");
        await Check(new() { Aspects = ["food: nice:negative"] });
        await Check(new() { Aspects = [":positive"] }, "c");
        await Check(new() { Since = Noon.AddDays(1) }, "b", "c");
        await Check(new() { Until = Noon.AddDays(1) }, "a");
        await Check(new() { Topics = ["unknown"] });
        var all = await store.Search.SearchAsync(new(), None);
        Assert.Equal(["c", "b", "a"], all.Hits.Select(h => h.Document.Id));
        Assert.Equal([new FacetValue("PER:Obama", 2), new FacetValue("LOC:Paris", 1)], all.Facets["entity"]);
        Assert.Equal([new FacetValue("PER", 2), new FacetValue("LOC", 1)], all.Facets["entity_type"]);
        Assert.Equal([new FacetValue("positive", 2), new FacetValue("negative", 1)], all.Facets["sentiment"]);
        var some = await store.Search.SearchAsync(new() { Query = "-nosuchword" }, None);
        Assert.Equal(all.Facets.OrderBy(f => f.Key).SelectMany(f => f.Value), some.Facets.OrderBy(f => f.Key).SelectMany(f => f.Value));
        Assert.Equal(3, some.Total);
        Assert.True(some.IsComplete);
    }

    [Fact]
    public async Task SearchAsync_Highlights_AreSpansOfTheOriginal()
    {
        using var folder = new StoreFolder();
        const string text = "😀 <mark>Été</mark> a été\ue000 e\u0301te\u0301 bon; bon ete";
        await using var store = await Filled(folder, Document("a", text));
        var hit = Assert.Single((await store.Search.SearchAsync(new() { Query = "ete \"bon bon\" mark" }, None)).Hits);
        Assert.Equal(["mark", "Été", "mark", "été", "e\u0301te\u0301", "bon; bon", "ete"], hit.Highlights.Select(s => text[s.Start..s.End]));
    }

    [Fact]
    public async Task SearchAsync_Pages_ShowEachOnceThoughDocumentsArrive()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var sink = store.CreateSink("t");
        await sink.WriteAsync([.. Enumerable.Range(0, 57).Select(i => Write(Document($"d{i}", string.Join(' ', Enumerable.Repeat("word", i % 5 + 1)) + $" filler {i}", Noon.AddMinutes(i % 7))))], None);
        var late = new List<string>();
        foreach (var order in Enum.GetValues<SearchOrder>())
        {
            foreach (var (query, until) in new (string?, DateTimeOffset?)[] { ("word", Noon.AddDays(1)), (null, Noon.AddDays(1)), ("-nothing", null), (null, null) })
            {
                await sink.WriteAsync([.. late.Select(id => new DocumentWrite { Id = id, Version = 2 })], None);
                late.Clear();
                var seen = new List<string>();
                string? after = null;
                do
                {
                    var page = await store.Search.SearchAsync(new() { Query = query, Order = order, Size = 10, After = after, Until = until }, None);
                    seen.AddRange(page.Hits.Select(h => h.Document.Id));
                    after = page.Next;
                    Assert.True(seen.Count <= 57);
                    // Newer, older and in between; whatever the order, they do not disturb.
                    for (var i = -1; i < 9; i++)
                    {
                        late.Add($"late {order} {query} {until} {seen.Count} {i}");
                        await sink.WriteAsync([Write(Document(late[^1], "word other words of a longer text", Noon.AddMinutes(i)))], None);
                    }
                }
                while (after is not null);
                Assert.Equal(57, seen.Count);
                Assert.Equal(57, seen.Distinct().Count());
            }
        }
    }

    [Fact]
    public async Task SearchAsync_ForeignCursor_IsACodedError()
    {
        using var folder = new StoreFolder();
        await using var store = await Filled(folder, Document("a", "x"), Document("b", "x"));
        var next = (await store.Search.SearchAsync(new() { Query = "x", Size = 1 }, None)).Next;
        foreach (var after in new[] { next![..^2], "garbage!", "AAAA", new string('_', 500) })
        {
            var error = await Assert.ThrowsAsync<StreamingException>(async () => await store.Search.SearchAsync(new() { Query = "x", After = after }, None));
            Assert.Equal("invalid_cursor", error.Code);
        }
        await Assert.ThrowsAsync<StreamingException>(async () => await store.Search.SearchAsync(new() { Query = "y", After = next }, None));
    }

    [Fact]
    public async Task SearchAsync_HostileQueries_Answer()
    {
        using var folder = new StoreFolder();
        await using var store = await Filled(folder, Document("a", "a AND b NEAR(a b) col:x text labels l01"));
        string[] hostile =
        [
            "''", "\"", "a AND", "col:x", "NEAR(a b", new string('(', 2_000), string.Join(' ', Enumerable.Range(0, 500).Select(i => $"t{i}")), "*a*",
            new string('x', 10_240), "\0", "a\0b", "\ud800", "{text}:a", "labels:l01", "text : (a", "^a", "a*", "-", "--", "-\"", "\"\"", "-\"\"", "'; DROP TABLE words; --",
            "%s%n", "a + b", "\"a\" \"", "OR", "NOT", "AND AND", "a NOT", "\ufeff", "\u202e", "1e400", "a\" OR labels:\"l00",
        ];
        var random = new Random(7);
        const string alphabet = "ab\"-*()^:{}+ANDORT \0'\\\ud83d\ude00é";
        var fuzzed = Enumerable.Range(0, 2_000).Select(_ => new string([.. Enumerable.Range(0, random.Next(30)).Select(_ => alphabet[random.Next(alphabet.Length)])]));
        foreach (var query in hostile.Concat(fuzzed))
            Assert.InRange((await store.Search.SearchAsync(new() { Query = query }, None)).Total, 0, 1);
    }

    [Fact]
    public async Task SearchAsync_LabelWordsAsQuery_FindNothingOfTheLabels()
    {
        using var folder = new StoreFolder();
        await using var store = await Filled(folder, Document("a", "hello", topic: "news"));
        Assert.Equal(0, (await store.Search.SearchAsync(new() { Query = "l10" }, None)).Total);
        Assert.Equal(0, (await store.Search.SearchAsync(new() { Query = "news" }, None)).Total);
    }

    [Fact]
    public async Task SearchAsync_MoreMatches_RankHigher()
    {
        using var folder = new StoreFolder();
        await using var store = await Filled(folder,
            Document("once", "apple pear plum cherry"), Document("twice", "apple apple plum cherry"), Document("none", "pear pear pear pear"), Document("x", "y"), Document("z", "w"));
        var found = await store.Search.SearchAsync(new() { Query = "apple" }, None);
        Assert.Equal(["twice", "once"], found.Hits.Select(h => h.Document.Id));
        Assert.True(found.Hits[0].Score > found.Hits[1].Score);
    }

    [Fact]
    public async Task SearchAsync_TimeIsUp_AnswersWithWhatItHas()
    {
        using var folder = new StoreFolder();
        await using (var filling = await folder.OpenAsync())
            await filling.CreateSink("t").WriteAsync([.. Enumerable.Range(0, 5_000).Select(i => Write(Document($"d{i}", "word")))], None);
        await using var store = await EmbeddedStore.OpenAsync(folder.File, null, new HastyTime(), None);
        var response = await store.Search.SearchAsync(new() { Query = "word", Size = 5 }, None);
        Assert.False(response.IsComplete);
        Assert.InRange(response.Total, 0, 4_999);
        Assert.Equal(5_000, (await store.Search.SearchAsync(new() { FacetSize = 0, Size = 5 }, None)).Total);
    }

    [Fact]
    public async Task SearchAsync_Cancelled_EndsSo()
    {
        using var folder = new StoreFolder();
        await using var store = await Filled(folder, Document("a", "word"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.Search.SearchAsync(new(), new CancellationToken(true)));
    }

    /// <summary>Every look at the clock is a second later.</summary>
    private sealed class HastyTime : TimeProvider
    {
        private long _timestamp;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Interlocked.Increment(ref _timestamp);
    }
}
