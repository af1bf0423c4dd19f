using System.Net;
using System.Text;
using System.Text.Json;
using Streaming.Core;
using Streaming.Core.Search;
using Streaming.Core.Sinks;
using Streaming.Core.Telemetry;
using Streaming.Testing.Fakes;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Elasticsearch.Tests.Integration;

[Collection(ElasticsearchCollection.Name)]
[Trait("Category", "Integration")]
public sealed class ElasticsearchServerTests(ElasticsearchServer server) : IDisposable
{
    private static int s_number;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(3) };
    private readonly List<Notice> _notices = [];

    public void Dispose() => _http.Dispose();

    private static CancellationToken Limit => new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    private ElasticsearchOptions Options() => new()
    {
        Urls = [server.Url],
        Alias = $"t{Interlocked.Increment(ref s_number)}",
        StartTimeout = TimeSpan.FromMinutes(3),
        SearchTimeout = TimeSpan.FromMinutes(3),
        BackoffBase = TimeSpan.FromMilliseconds(50),
        BackoffCap = TimeSpan.FromMilliseconds(500),
        OnNotice = notice =>
        {
            lock (_notices)
                _notices.Add(notice);
        },
    };

    private static async Task<ElasticsearchSink> OpenAsync(ElasticsearchOptions options)
    {
        var sink = new ElasticsearchSink(options);
        await sink.StartAsync(Limit);
        return sink;
    }

    private static List<DocumentWrite> Writes(int from, int count, long version = 1) =>
        [.. Enumerable.Range(from, count).Select(i => new DocumentWrite { Id = "d" + i, Version = version, Document = Make.Document("d" + i, $"text number {i}", offset: i) })];

    private async Task<JsonElement> PutAsync(string path, string json)
    {
        var response = await _http.PutAsync(new Uri(server.Url, path), new StringContent(json, Encoding.UTF8, "application/json"));
        while (response.StatusCode == HttpStatusCode.TooManyRequests)
        {
            response.Dispose();
            await Task.Delay(100, Limit);
            response = await _http.PutAsync(new Uri(server.Url, path), new StringContent(json, Encoding.UTF8, "application/json"));
        }

        using var answer = response.EnsureSuccessStatusCode();
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
    }

    private async Task<long> CountAsync(string alias)
    {
        await _http.PostAsync(new Uri(server.Url, $"{alias}/_refresh"), null);
        using var document = JsonDocument.Parse(await _http.GetStringAsync(new Uri(server.Url, $"{alias}/_count")));
        return document.RootElement.GetProperty("count").GetInt64();
    }

    [IntegrationFact("elasticsearch")]
    public async Task WriteAsync_ReplayOldAndNew_NewestWins()
    {
        var options = Options();
        await using var sink = await OpenAsync(options);
        await sink.WriteAsync(Writes(0, 100, 5), Limit);
        var results = await sink.WriteAsync([.. Writes(0, 50, 4), .. Writes(50, 50, 5), .. Writes(100, 10)], Limit);
        Assert.Equal(100, results.Count(r => r.Status == SinkStatus.Superseded));
        Assert.Equal(110, await CountAsync(options.Alias));
        Assert.Equal([new SinkResult(SinkStatus.Applied)], await sink.WriteAsync([new DocumentWrite { Id = "d0", Version = 9 }], Limit));
        Assert.Equal([new SinkResult(SinkStatus.Superseded)], await sink.WriteAsync(Writes(0, 1, 5), Limit));
        Assert.Equal(109, await CountAsync(options.Alias));
    }

    [IntegrationFact("elasticsearch")]
    public async Task WriteAsync_AwkwardDocuments_AreKeptWhole()
    {
        var options = Options();
        await using var sink = await OpenAsync(options);
        var surface = new string('ä', 40_000);
        var document = Make.Document("awkward", surface + " x", [Make.Entity(surface, "LOC", surface)], source: new string('s', 40_000)) with
        {
            Metadata = JsonDocument.Parse("""{"a.b":1,"a":{"b":"x"},"deep":[[[{"c":null}]]]}""").RootElement,
            Unknown = new Dictionary<string, JsonElement> { ["x.y"] = JsonDocument.Parse("\"z\"").RootElement, ["facets"] = JsonDocument.Parse("3").RootElement },
        };
        var odd = Make.Document("scalar", "a\0b\u2028<b>") with { Metadata = JsonDocument.Parse("17").RootElement };
        var results = await sink.WriteAsync(
            [new DocumentWrite { Id = "awkward", Version = 1, Document = document }, new DocumentWrite { Id = "scalar", Version = 1, Document = odd }], Limit);
        Assert.All(results, r => Assert.Equal(new SinkResult(SinkStatus.Applied), r));

        await CountAsync(options.Alias);
        using var index = new ElasticsearchSearchIndex(options);
        foreach (var expected in new[] { document, odd })
        {
            var found = await index.GetAsync(expected.Id, Limit);
            Assert.Equal(
                JsonSerializer.Serialize(expected, Contracts.ContractsJson.Wire.EnrichedDocument),
                JsonSerializer.Serialize(found!, Contracts.ContractsJson.Wire.EnrichedDocument));
        }
    }

    [IntegrationFact("elasticsearch")]
    public async Task WriteAsync_MappingRefusesOne_RejectsItAlone()
    {
        var options = Options();
        await using var sink = await OpenAsync(options);
        var writes = Writes(0, 20);
        var far = Make.Document("far", "x") with { Entities = [new Contracts.EntityAnnotation("T", "x", 0, 1, double.MaxValue)] };
        writes.Insert(7, new DocumentWrite { Id = "far", Version = 1, Document = far });
        var results = await sink.WriteAsync(writes, Limit);
        Assert.Equal(SinkStatus.Rejected, results[7].Status);
        Assert.Contains("confidence", results[7].Reason);
        Assert.Equal(20, await CountAsync(options.Alias));
    }

    [IntegrationTheory("elasticsearch")]
    [InlineData("index.blocks.read_only_allow_delete")]
    [InlineData("index.blocks.write")]
    public async Task WriteAsync_FloodStageOrBlock_WaitsThenAppliesAll(string block)
    {
        var options = Options();
        await using var sink = await OpenAsync(options);
        var written = 0;
        // Without disk watermarks the server lifts a flood block by itself every half minute; then it is set once more.
        for (var attempt = 0; !Heard("elasticsearch_blocked"); attempt++)
        {
            Assert.True(attempt < 5, "the block never held");
            await PutAsync($"{options.Alias}/_settings", $"{{\"{block}\":true}}");
            var writing = sink.WriteAsync(Writes(written, 50), Limit).AsTask();
            written += 50;
            await HeardOrDoneAsync("elasticsearch_blocked", writing);
            await PutAsync($"{options.Alias}/_settings", $"{{\"{block}\":null}}");
            Assert.All(await writing, r => Assert.Equal(SinkStatus.Applied, r.Status));
        }

        Assert.Single(_notices, n => n.Code == "elasticsearch_blocked");
        Assert.Equal(written, await CountAsync(options.Alias));
    }

    private async Task HeardOrDoneAsync(string code, Task done)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!Heard(code) && !done.IsCompleted)
            await timer.WaitForNextTickAsync(Limit);
    }

    private bool Heard(string code)
    {
        lock (_notices)
            return _notices.Exists(n => n.Code == code);
    }

    [IntegrationFact("elasticsearch")]
    public async Task WriteAsync_CircuitBreaker_WaitsThenAppliesAll()
    {
        var options = Options();
        await using var sink = await OpenAsync(options);
        await PutAsync("_cluster/settings", """{"transient":{"indices.breaker.total.limit":"1mb"}}""");
        var writing = sink.WriteAsync(Writes(0, 50), Limit).AsTask();
        await HeardOrDoneAsync("elasticsearch_overloaded", writing);
        await PutAsync("_cluster/settings", """{"transient":{"indices.breaker.total.limit":null}}""");
        Assert.All(await writing, r => Assert.Equal(SinkStatus.Applied, r.Status));
    }

    [IntegrationFact("elasticsearch")]
    public async Task WriteAsync_AfterARollover_NeverMakesASecondDocument()
    {
        var options = Options();
        await using (var sink = await OpenAsync(options))
            await sink.WriteAsync(Writes(0, 30, 1), Limit);
        Assert.Equal(HttpStatusCode.OK, (await _http.PostAsync(new Uri(server.Url, $"{options.Alias}/_rollover"), null)).StatusCode);

        await using var again = await OpenAsync(options);
        var results = await again.WriteAsync([.. Writes(0, 10, 2), .. Writes(10, 10, 1), .. Writes(30, 10, 1)], Limit);
        Assert.Equal(10, results.Count(r => r.Status == SinkStatus.Superseded));
        Assert.Equal(40, await CountAsync(options.Alias));
        Assert.Equal(30, await CountAsync(options.Alias + "-000001"));
    }

    [IntegrationFact("elasticsearch")]
    public async Task StartAsync_TwiceAndAtOnce_MakesOneIndex()
    {
        var options = Options();
        var sinks = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => OpenAsync(options)));
        foreach (var sink in sinks)
            await sink.DisposeAsync();
        await using var later = await OpenAsync(options);
        var aliases = JsonDocument.Parse(await _http.GetStringAsync(new Uri(server.Url, $"_alias/{options.Alias}"))).RootElement;
        Assert.Single(aliases.EnumerateObject());
    }

    [IntegrationFact("elasticsearch")]
    public async Task StartAsync_AliasIsAnIndex_IsToldByName()
    {
        var options = Options();
        await PutAsync(options.Alias, "{}");
        var error = await Assert.ThrowsAsync<StreamingException>(() => OpenAsync(options));
        Assert.Equal("elasticsearch_alias_is_index", error.Code);
    }

    [IntegrationFact("elasticsearch")]
    public async Task StartAsync_OtherMapping_IsToldByField()
    {
        var options = Options();
        await PutAsync($"{options.Alias}-old", $$"""{"mappings":{"properties":{"entities":{"type":"keyword"} } },"aliases":{"{{options.Alias}}":{"is_write_index":true} } }""");
        var error = await Assert.ThrowsAsync<StreamingException>(() => OpenAsync(options));
        Assert.Equal(("elasticsearch_mapping_conflict", ExitCode.Usage), (error.Code, error.ExitCode));
    }

    [IntegrationFact("elasticsearch")]
    public async Task SearchAsync_NoSuchIndex_IsEmpty()
    {
        using var index = new ElasticsearchSearchIndex(Options());
        Assert.Equal(0, (await index.SearchAsync(new SearchRequest(), Limit)).Total);
        Assert.Null(await index.GetAsync("a", Limit));
    }
}
