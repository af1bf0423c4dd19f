using Streaming.Contracts;
using Streaming.Core.Search;

namespace Streaming.Testing.Conformance;

/// <summary>What every <see cref="ISearchIndex"/> answers, and answers alike.</summary>
public abstract class SearchIndexConformance
{
    /// <summary>
    /// An index that holds exactly these documents, searchable. The lists are <see cref="SearchCorpus"/>'s own, so an
    /// implementation that is slow to fill may keep one index for each of them.
    /// </summary>
    protected abstract Task<ISearchIndex> OpenAsync(IReadOnlyList<EnrichedDocument> documents);

    [Theory]
    [InlineData(null, "storm,pizza,markup,order,empty,quotes")]
    [InlineData("   ", "storm,pizza,markup,order,empty,quotes")]
    [InlineData("storm", "storm,markup,order")]
    [InlineData("STORM", "storm,markup,order")]
    [InlineData("storm harbour", "storm,order")]
    [InlineData("harbour storm", "storm,order")]
    [InlineData("\"storm hit the harbour\"", "storm")]
    [InlineData("\"harbour storm\"", "order")]
    [InlineData("\"hit harbour\"", "")]
    [InlineData("storm -merkel", "markup,order")]
    [InlineData("-harbour", "pizza,markup,empty,quotes")]
    [InlineData("harbour -\"harbour storm\"", "storm")]
    [InlineData("storm -storm", "")]
    [InlineData("absentword", "")]
    public Task SearchAsync_Query_FindsExactly(string? query, string expected) =>
        FindsAsync(new SearchRequest { Query = query }, expected);

    [Theory]
    [InlineData("storm OR pizza")]
    [InlineData("text:storm")]
    [InlineData("id:storm")]
    [InlineData("stor*")]
    [InlineData("storm NOT harbour")]
    [InlineData("/sto.m/")]
    [InlineData("storn~1")]
    public Task SearchAsync_OperatorsOfSomeEngine_AreWords(string query) =>
        FindsAsync(new SearchRequest { Query = query }, "");

    [Fact]
    public Task SearchAsync_WordThatIsAnOperatorElsewhere_IsSearchedFor() =>
        FindsAsync(new SearchRequest { Query = "storm AND merkel" }, "storm");

    [Theory]
    [InlineData("LOC", "storm,pizza,order")]
    [InlineData("LOC:Hamburg", "storm,order")]
    [InlineData("LOC:hamburg", "storm,order")]
    [InlineData(":angela merkel", "storm")]
    [InlineData("PER:Hamburg", "")]
    [InlineData("PER|LOC:Rome", "storm,pizza")]
    [InlineData("LOC:Ham*", "")]
    [InlineData("'; DROP TABLE documents; --", "")]
    public Task SearchAsync_EntityFilter_FindsExactly(string filters, string expected) =>
        FindsAsync(new SearchRequest { Entities = filters.Split('|') }, expected);

    [Theory]
    [InlineData("pizza", "pizza,markup")]
    [InlineData("PIZZA:positive", "pizza")]
    [InlineData(":negative", "pizza,quotes")]
    [InlineData("service:positive", "")]
    [InlineData("Delivery", "quotes")]
    [InlineData("delivery:negative", "quotes")]
    [InlineData("delivery:neutral", "")]
    [InlineData("pizza:neutral|quality:neutral", "markup,quotes")]
    public Task SearchAsync_AspectFilter_MatchesTermAndSentimentOfOneAspect(string filters, string expected) =>
        FindsAsync(new SearchRequest { Aspects = filters.Split('|') }, expected);

    [Fact]
    public Task SearchAsync_TopicFilter_AnyOfTheListHolds() =>
        FindsAsync(new SearchRequest { Topics = ["food", "tech"] }, "pizza,markup,quotes");

    [Fact]
    public Task SearchAsync_SentimentAndSource_AllConditionsHold() =>
        FindsAsync(new SearchRequest { Sentiments = ["neutral"], Sources = ["wire"] }, "order");

    [Fact]
    public Task SearchAsync_SourceWithQuotes_IsTakenLiterally() =>
        FindsAsync(new SearchRequest { Sources = ["we'b \"x\""] }, "quotes");

    [Fact]
    public Task SearchAsync_QueryAndFilter_BothHold() =>
        FindsAsync(new SearchRequest { Query = "harbour", Entities = ["PER"] }, "storm");

    [Fact]
    public Task SearchAsync_TimeRange_IncludesSinceAndExcludesUntil() =>
        FindsAsync(new SearchRequest { Since = Fakes.Make.Noon.AddDays(2), Until = Fakes.Make.Noon.AddDays(4) }, "pizza,markup");

    [Fact]
    public Task SearchAsync_TimeInAnotherZone_IsTheSameInstant() =>
        FindsAsync(new SearchRequest { Since = Fakes.Make.Noon.AddDays(6).ToOffset(TimeSpan.FromHours(5)) }, "quotes");

    [Theory]
    [InlineData("''")]
    [InlineData("\"")]
    [InlineData("\"\"")]
    [InlineData("-")]
    [InlineData("--")]
    [InlineData("-\"")]
    [InlineData("a AND")]
    [InlineData("AND")]
    [InlineData("col:x")]
    [InlineData("NEAR(a b")]
    [InlineData("*a*")]
    [InlineData("*")]
    [InlineData("^a")]
    [InlineData("{}")]
    [InlineData("[1 TO 2]")]
    [InlineData("a\\")]
    [InlineData("a\0b")]
    [InlineData("'; DROP TABLE documents; --")]
    [InlineData("\ud800")]
    [InlineData("a\udc00b")]
    [InlineData("\u202e\u200b\ufeff")]
    [InlineData("😀")]
    public async Task SearchAsync_HostileQuery_Answers(string query)
    {
        var index = await OpenAsync(SearchCorpus.Documents);
        var response = await index.SearchAsync(new SearchRequest { Query = query }, CancellationToken.None);
        AssertWellFormed(response);
    }

    [Theory]
    [InlineData("(", 2_000)]
    [InlineData("\"", 2_001)]
    [InlineData("a ", 500)]
    [InlineData("-a ", 500)]
    [InlineData("storm", 2_000)]
    [InlineData("\"a b\" ", 300)]
    [InlineData("*", 10_240)]
    public async Task SearchAsync_HugeQuery_Answers(string unit, int times)
    {
        var index = await OpenAsync(SearchCorpus.Documents);
        var response = await index.SearchAsync(
            new SearchRequest { Query = string.Concat(Enumerable.Repeat(unit, times)) }, CancellationToken.None);
        AssertWellFormed(response);
    }

    [Fact]
    public async Task SearchAsync_RandomQueries_Answer()
    {
        var index = await OpenAsync(SearchCorpus.Documents);
        var random = new Random(20240101);
        const string Alphabet = "ab \"'-+*:()[]{}^~/\\&|!?<>=,.;%_$#@\t\n\u00e9\u4e2d\u0301";
        for (var i = 0; i < 200; i++)
        {
            var query = new string([.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => Alphabet[random.Next(Alphabet.Length)])]);
            AssertWellFormed(await index.SearchAsync(new SearchRequest { Query = query, FacetSize = 0 }, CancellationToken.None));
        }
    }

    [Fact]
    public async Task SearchAsync_Highlights_AreUtf16SpansOfTheWords()
    {
        var response = await SearchAsync(new SearchRequest { Query = "pizza SLOW" });
        var hit = Assert.Single(response.Hits);
        Assert.Equal(["pizza", "slow"], hit.Highlights.Select(span => hit.Document.Text[span.Start..span.End]));
    }

    [Fact]
    public async Task SearchAsync_HighlightsInMarkup_PointIntoTheRawText()
    {
        var response = await SearchAsync(new SearchRequest { Query = "storm", Topics = ["food"] });
        var hit = Assert.Single(response.Hits);
        var span = Assert.Single(hit.Highlights);
        Assert.Equal(hit.Document.Text.IndexOf("storm", StringComparison.Ordinal), span.Start);
        Assert.Equal("storm", hit.Document.Text[span.Start..span.End]);
    }

    [Fact]
    public async Task SearchAsync_WordTwice_HighlightsBoth()
    {
        var response = await SearchAsync(new SearchRequest { Query = "harbour", Entities = ["PER"] });
        Assert.Equal(2, Assert.Single(response.Hits).Highlights.Count);
    }

    [Fact]
    public async Task SearchAsync_NoQuery_HasNoHighlights()
    {
        var response = await SearchAsync(new SearchRequest());
        Assert.All(response.Hits, hit => Assert.Empty(hit.Highlights));
    }

    [Fact]
    public async Task SearchAsync_Hit_CarriesTheWholeDocument()
    {
        var response = await SearchAsync(new SearchRequest { Query = "pizza", Entities = ["LOC:Rome"] });
        AssertSame(SearchCorpus.Documents[1], Assert.Single(response.Hits).Document);
    }

    [Fact]
    public async Task SearchAsync_Facets_CountMatchingDocuments()
    {
        var response = await SearchAsync(new SearchRequest { Query = "harbour" });
        Assert.Equal(new FacetValue("news", 2), Assert.Single(response.Facets["topic"]));
        Assert.Equal(new FacetValue("wire", 2), Assert.Single(response.Facets["source"]));
        Assert.Equal(["LOC=2", "PER=1"], Values(response, "entity_type"));
        Assert.Equal(["negative=1", "neutral=1"], Values(response, "sentiment").Order(StringComparer.Ordinal));
        Assert.Contains("PER:Angela Merkel=1", Values(response, "entity"));
    }

    [Fact]
    public async Task SearchAsync_AspectFacet_CountsDocumentsNotMentions()
    {
        var response = await SearchAsync(new SearchRequest());
        Assert.Contains("pizza=2", Values(response, "aspect"));
        Assert.Contains("service=1", Values(response, "aspect"));
        Assert.Contains("delivery=1", Values(response, "aspect"));
    }

    [Fact]
    public async Task SearchAsync_FacetSizeOne_GivesTheMostFrequent()
    {
        var response = await SearchAsync(new SearchRequest { FacetSize = 1 });
        Assert.Equal("neutral=3", Assert.Single(Values(response, "sentiment")));
    }

    [Fact]
    public async Task SearchAsync_FacetSizeZero_LeavesFacetsOut()
    {
        var response = await SearchAsync(new SearchRequest { FacetSize = 0 });
        Assert.All(response.Facets.Values, Assert.Empty);
    }

    [Fact]
    public async Task SearchAsync_SizeZero_CountsOnly()
    {
        var response = await SearchAsync(new SearchRequest { Size = 0 });
        Assert.Equal(SearchCorpus.Documents.Count, response.Total);
        Assert.Empty(response.Hits);
    }

    [Theory]
    [InlineData(SearchOrder.Newest, null)]
    [InlineData(SearchOrder.Newest, "page")]
    [InlineData(SearchOrder.Relevance, "page")]
    [InlineData(SearchOrder.Relevance, null)]
    public async Task SearchAsync_PageByPage_GivesEveryDocumentOnce(SearchOrder order, string? query)
    {
        var index = await OpenAsync(SearchCorpus.Pages);
        var seen = new List<SearchHit>();
        string? after = null;
        do
        {
            var page = await index.SearchAsync(
                new SearchRequest { Query = query, Order = order, Size = 10, After = after, FacetSize = 0 }, CancellationToken.None);
            Assert.Equal(SearchCorpus.Pages.Count, page.Total);
            Assert.InRange(page.Hits.Count, page.Next is null ? 0 : 1, 10);
            seen.AddRange(page.Hits);
            after = page.Next;
            Assert.True(seen.Count <= SearchCorpus.Pages.Count, "paging does not end");
        }
        while (after is not null);

        Assert.Equal(SearchCorpus.Pages.Count, seen.Select(hit => hit.Document.Id).Distinct().Count());
        if (order == SearchOrder.Newest || query is null)
            Assert.Equal(seen.Select(hit => hit.Document.EventTime).OrderDescending(), seen.Select(hit => hit.Document.EventTime));
        else
            Assert.Equal(seen.Select(hit => hit.Score).OrderDescending(), seen.Select(hit => hit.Score));
    }

    [Fact]
    public async Task SearchAsync_Relevance_MoreOccurrencesFirst()
    {
        var index = await OpenAsync(SearchCorpus.Pages);
        var response = await index.SearchAsync(new SearchRequest { Query = "page" }, CancellationToken.None);
        Assert.StartsWith("page page", response.Hits[0].Document.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("")]
    [InlineData("eyJhIjoxfQ==")]
    [InlineData("9999999999999999999999")]
    public async Task SearchAsync_PlaceThatWasNeverGiven_IsRefusedOrIgnored(string after)
    {
        var index = await OpenAsync(SearchCorpus.Pages);
        try
        {
            AssertWellFormed(await index.SearchAsync(new SearchRequest { After = after }, CancellationToken.None));
        }
        catch (Core.StreamingException exception)
        {
            Assert.Equal(Core.ExitCode.Usage, exception.ExitCode);
            Assert.NotEmpty(exception.Code);
        }
    }

    [Theory]
    [InlineData("ham", "entity loc:hamburg 2")]
    [InlineData("HAM", "entity loc:hamburg 2")]
    [InlineData("  hamb", "entity loc:hamburg 2")]
    [InlineData("hamburg", "entity loc:hamburg 2")]
    [InlineData("hamburgs", "")]
    [InlineData("angela m", "entity per:angela merkel 1")]
    [InlineData("merkel", "")]
    [InlineData("loc", "")]
    [InlineData("f", "topic food 2")]
    [InlineData("p", "aspect pizza 2")]
    [InlineData("s", "aspect service 1")]
    [InlineData("deliv", "aspect delivery 1")]
    [InlineData("n", "topic news 2")]
    [InlineData("", "")]
    [InlineData("   ", "")]
    [InlineData(".", "")]
    [InlineData(".*", "")]
    [InlineData("[a-z]", "")]
    [InlineData("ham*", "")]
    [InlineData("h%", "")]
    [InlineData("ham_urg", "")]
    [InlineData("\"", "")]
    [InlineData("a\\", "")]
    [InlineData("'; DROP TABLE labels; --", "")]
    [InlineData("a\0b", "")]
    [InlineData("\ud800", "")]
    [InlineData("😀", "")]
    public async Task SuggestAsync_Prefix_GivesExactly(string prefix, string expected)
    {
        var index = await OpenAsync(SearchCorpus.Documents);
        var found = await index.SuggestAsync(prefix, 10, CancellationToken.None);

        // Of a name that occurs in several cases any may be given.
        Assert.Equal(expected, string.Join(", ", found.Select(one => $"{one.Kind} {one.Value.ToLowerInvariant()} {Fakes.Make.Number(one.Count)}")));
    }

    [Fact]
    public async Task SuggestAsync_Value_IsWhatItsFilterTakes()
    {
        var index = await OpenAsync(SearchCorpus.Documents);
        foreach (var prefix in (string[])["ham", "food", "pizza"])
        {
            var one = Assert.Single(await index.SuggestAsync(prefix, 10, CancellationToken.None));
            var request = one.Kind switch
            {
                Suggestion.Entity => new SearchRequest { Entities = [one.Value] },
                Suggestion.Topic => new SearchRequest { Topics = [one.Value] },
                _ => new SearchRequest { Aspects = [one.Value] },
            };
            Assert.Equal(one.Count, (await index.SearchAsync(request, CancellationToken.None)).Total);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task SuggestAsync_Size_IsKept(int size)
    {
        var index = await OpenAsync(SearchCorpus.Pages);
        var found = await index.SuggestAsync("e", size, CancellationToken.None);
        Assert.Equal(size == 0 ? [] : ["even"], found.Select(static one => one.Value));
    }

    [Fact]
    public async Task SuggestAsync_HugePrefix_GivesNothing()
    {
        var index = await OpenAsync(SearchCorpus.Documents);
        Assert.Empty(await index.SuggestAsync(new string('a', 10_240), 10, CancellationToken.None));
        Assert.Empty(await index.SuggestAsync(new string('(', Suggestion.MaxPrefix), 10, CancellationToken.None));
    }

    [Fact]
    public async Task GetAsync_KnownId_GivesTheWholeDocument()
    {
        var index = await OpenAsync(SearchCorpus.Documents);
        AssertSame(SearchCorpus.Documents[0], await index.GetAsync("storm", CancellationToken.None));
    }

    [Theory]
    [InlineData("absent")]
    [InlineData("stor")]
    [InlineData("%")]
    [InlineData("../storm")]
    [InlineData("a/b?c#d")]
    public async Task GetAsync_UnknownId_GivesNull(string id)
    {
        var index = await OpenAsync(SearchCorpus.Documents);
        Assert.Null(await index.GetAsync(id, CancellationToken.None));
    }

    private async Task<SearchResponse> SearchAsync(SearchRequest request)
    {
        var index = await OpenAsync(SearchCorpus.Documents);
        var response = await index.SearchAsync(request, CancellationToken.None);
        AssertWellFormed(response);
        return response;
    }

    private async Task FindsAsync(SearchRequest request, string expected)
    {
        var response = await SearchAsync(request);
        Assert.Equal(
            expected.Split(',', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            response.Hits.Select(hit => hit.Document.Id).Order(StringComparer.Ordinal));
        Assert.Equal(response.Hits.Count, response.Total);
    }

    private static IEnumerable<string> Values(SearchResponse response, string facet) =>
        response.Facets[facet].Select(value => $"{value.Value}={Fakes.Make.Number(value.Count)}");

    private static void AssertWellFormed(SearchResponse response)
    {
        Assert.True(response.Total >= response.Hits.Count);
        foreach (var hit in response.Hits)
        {
            var end = 0;
            foreach (var span in hit.Highlights)
            {
                Assert.InRange(span.Start, end, hit.Document.Text.Length);
                Assert.InRange(span.End, span.Start + 1, hit.Document.Text.Length);
                end = span.End;
            }
        }
    }

    private static void AssertSame(EnrichedDocument expected, EnrichedDocument? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(Wire(expected), Wire(actual));
    }

    private static string Wire(EnrichedDocument document) =>
        System.Text.Json.JsonSerializer.Serialize(document, ContractsJson.Wire.EnrichedDocument);
}
