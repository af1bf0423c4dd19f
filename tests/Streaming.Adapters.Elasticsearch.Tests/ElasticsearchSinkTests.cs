using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Engine;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;
using Streaming.Core.Telemetry;
using Streaming.Testing.Fakes;
using Streaming.Testing.Faults;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Elasticsearch.Tests;

#pragma warning disable CA1001 // xUnit disposes through IAsyncLifetime.
public sealed class ElasticsearchSinkTests : IAsyncLifetime
{
    private readonly FakeElasticsearch _server = new();
    private readonly List<Notice> _notices = [];
    private ElasticsearchSink _sink = null!;

    private ElasticsearchOptions Options() => new()
    {
        Urls = [_server.Url],
        StartTimeout = TimeSpan.FromMinutes(3),
        Alias = "docs",
        Seed = 1,
        BackoffBase = TimeSpan.FromMilliseconds(5),
        BackoffCap = TimeSpan.FromMilliseconds(20),
        RequestTimeout = TimeSpan.FromMinutes(1),
        OnNotice = notice =>
        {
            lock (_notices)
                _notices.Add(notice);
        },
    };

    public async Task InitializeAsync() => await OpenAsync(Options());

    public async Task DisposeAsync()
    {
        await _sink.DisposeAsync();
        await _server.DisposeAsync();
    }

    private async Task OpenAsync(ElasticsearchOptions options)
    {
        _sink = new ElasticsearchSink(options);
        await _sink.StartAsync(Limit);
    }

    private static CancellationToken Limit => new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    private static DocumentWrite Write(string id, long version = 1, string text = "hello") =>
        new() { Id = id, Version = version, Document = Make.Document(id, text) };

    private static List<DocumentWrite> Writes(int count, string text = "hello") =>
        [.. Enumerable.Range(0, count).Select(i => Write("d" + i, 1, text))];

    private async Task<SinkStatus[]> StatusesAsync(IReadOnlyList<DocumentWrite> writes) =>
        [.. (await _sink.WriteAsync(writes, Limit)).Select(r => r.Status)];

    [Fact]
    public async Task WriteAsync_Documents_AreThereWithEveryField()
    {
        const string Text = "Angela visited Rome 😀";
        var document = Make.Document("a/b ü", Text, [Make.Entity(Text, "PER", "Angela"), Make.Entity(Text, "LOC", "Rome")], "travel", "positive", [Make.Aspect(Text, "Rome", "positive")], "wire", 3) with
        {
            Metadata = JsonDocument.Parse("""{"a":[1,{"b":null}]}""").RootElement,
            Unknown = new Dictionary<string, JsonElement> { ["extra.field"] = JsonDocument.Parse("[1]").RootElement },
        };
        Assert.Equal([SinkStatus.Applied], await StatusesAsync([new DocumentWrite { Id = document.Id, Version = 7, Document = document }]));

        using var stored = _server.Get("a/b ü")!;
        var root = stored.RootElement;
        Assert.Equal(Text, root.GetProperty("text").GetString());
        Assert.Equal("PER:Angela", root.GetProperty("facets").GetProperty("entity")[0].GetString());
        Assert.Equal("positive", root.GetProperty("facets").GetProperty("sentiment").GetString());
        Assert.Equal(document.EventTime.UtcTicks, root.GetProperty("event_ticks").GetInt64());
        Assert.Equal(1, root.GetProperty("unknown").GetProperty("extra.field")[0].GetInt32());
        Assert.False(root.TryGetProperty("extra.field", out _));
        Assert.Equal(7, _server.Versions["a/b ü"]);
    }

    [Fact]
    public async Task WriteAsync_UnknownFieldsOfAMessage_AreThereAsTheyWereWritten()
    {
        const string Others = """ "kind" : "n\u00e9ws", "meta": {"points": 4.0, "list": [1e400, {"a": null}]} """;
        var fields = new MessageDecoder(new EnrichmentOptions()).Decode(Make.Message($$"""{"text": "hello",{{Others}}}""")).Value!.Text!.Unknown;
        Assert.IsType<RawFields>(fields);
        Assert.Equal([SinkStatus.Applied], await StatusesAsync([new DocumentWrite { Id = "a", Version = 1, Document = Make.Document("a", "hello") with { Unknown = fields } }]));

        using var stored = _server.Get("a")!;
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse("{" + Others + "}"), stored.RootElement.GetProperty("unknown")));
        Assert.Equal("hello", stored.RootElement.GetProperty("text").GetString());
    }

    [Fact]
    public async Task WriteAsync_OlderOrEqualVersion_IsSuperseded()
    {
        await StatusesAsync([Write("a", 5)]);
        Assert.Equal([SinkStatus.Superseded, SinkStatus.Superseded, SinkStatus.Applied], await StatusesAsync([Write("a", 4), Write("a", 5), Write("a", 6)]));
        Assert.Equal(6, _server.Versions["a"]);
    }

    [Fact]
    public async Task WriteAsync_DeleteThenStaleReplay_StaysDeleted()
    {
        await StatusesAsync([Write("a", 1)]);
        Assert.Equal([SinkStatus.Applied], await StatusesAsync([new DocumentWrite { Id = "a", Version = 2 }]));
        Assert.Equal([SinkStatus.Applied], await StatusesAsync([new DocumentWrite { Id = "never there", Version = 2 }]));
        Assert.Equal([SinkStatus.Superseded], await StatusesAsync([Write("a", 1)]));
        Assert.Equal(0, _server.Count);
    }

    [FaultRow(12)]
    [Fact]
    public async Task WriteAsync_MixedStatuses_RetriesOnlyWhatMayPass()
    {
        using var report = FaultReport.Begin(12);
        var refusals = 0;
        _server.Fault = (number, _) => new BulkFault
        {
            Items = id => id switch
            {
                "d1" when number <= 3 => (429, "es_rejected_execution_exception"),
                "d2" => (400, "document_parsing_exception"),
                "d3" when number <= 2 => (503, "unavailable_shards_exception"),
                "d4" when Interlocked.Increment(ref refusals) <= 3 => (500, "strange_exception"),
                "d5" => (422, "nobody_knows_exception"),
                _ => null,
            },
        };
        var results = await _sink.WriteAsync(Writes(50), Limit);

        Assert.Equal(["2", "5"], results.Index().Where(r => r.Item.Status == SinkStatus.Rejected).Select(r => r.Index.ToString()));
        Assert.All(results.Where((_, i) => i is not (2 or 5)), r => Assert.Equal(SinkStatus.Applied, r.Status));
        Assert.Contains("document_parsing_exception", results[2].Reason);
        Assert.Contains("field [text]", results[2].Reason);
        Assert.DoesNotContain("canary", results[2].Reason);
        Assert.Equal(0, _server.SentAfterSuccess);
        Assert.Equal(48, _server.Count);
        report.Seen("400, 422, 429, 500 and 503 mixed in 50: 2 dead, 48 indexed, 0 stored items resent");
    }

    [Fact]
    public async Task WriteAsync_ServerErrorOfOneDocumentForGood_IsRejectedAfterAFewTries()
    {
        _server.Fault = (_, _) => new BulkFault { Items = id => id == "d3" ? (500, "null_pointer_exception") : null };
        var results = await _sink.WriteAsync(Writes(10), Limit);
        Assert.Equal(SinkStatus.Rejected, results[3].Status);
        Assert.Equal(9, _server.Count);
        Assert.Equal(0, _server.SentAfterSuccess);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    [InlineData(502)]
    public async Task WriteAsync_WholeRequestRefusedForLoad_WaitsAndAppliesAll(int status)
    {
        _server.Fault = (number, _) => number <= 6 ? new BulkFault { Status = status } : null;
        Assert.All(await StatusesAsync(Writes(20)), s => Assert.Equal(SinkStatus.Applied, s));
        Assert.Equal(7, _server.Bulks);
        Assert.Single(_notices, n => n.Code == "elasticsearch_overloaded");
        Assert.Single(_notices, n => n.Code == "elasticsearch_back");
    }

    [Theory]
    [InlineData(403, "cluster_block_exception")]
    [InlineData(429, "cluster_block_exception")]
    [InlineData(404, "index_not_found_exception")]
    [InlineData(403, "security_exception")]
    public async Task WriteAsync_ItemsBlocked_WaitsAndRejectsNothing(int status, string type)
    {
        _server.Fault = (number, _) => number <= 5 ? new BulkFault { Items = _ => (status, type) } : null;
        Assert.All(await StatusesAsync(Writes(20)), s => Assert.Equal(SinkStatus.Applied, s));
        Assert.Single(_notices, n => n.Code == "elasticsearch_blocked");
    }

    [Fact]
    public async Task WriteAsync_WholeRequestBlocked_WaitsAndRejectsNothing()
    {
        _server.Fault = (number, _) => number <= 3 ? new BulkFault { Status = 403, ErrorType = "cluster_block_exception" } : null;
        Assert.All(await StatusesAsync(Writes(3)), s => Assert.Equal(SinkStatus.Applied, s));
    }

    [Fact]
    public async Task WriteAsync_AnswerLostAfterApply_IsSentAgainOnce()
    {
        _server.Fault = (number, _) => number == 1 ? new BulkFault { DropAfter = true } : null;
        var results = await StatusesAsync(Writes(10));
        Assert.All(results, s => Assert.Equal(SinkStatus.Superseded, s));
        Assert.Equal(10, _server.Count);
        Assert.Equal(2, _server.Bulks);
    }

    [Fact]
    public async Task WriteAsync_ConnectionCutBeforeApply_IsSentAgain()
    {
        _server.Fault = (number, _) => number <= 2 ? new BulkFault { DropBefore = true } : null;
        Assert.All(await StatusesAsync(Writes(10)), s => Assert.Equal(SinkStatus.Applied, s));
    }

    [Fact]
    public async Task WriteAsync_AnswerCutShortReorderedOrStrange_LosesNothing()
    {
        _server.Fault = (number, _) => number switch
        {
            1 => new BulkFault { TruncateAt = 100 },
            2 => new BulkFault { Body = "<html>gateway</html>" },
            3 => new BulkFault { Body = "{\"errors\":false}" },
            4 => new BulkFault { Shorten = 4, Reverse = true },
            _ => new BulkFault { Reverse = true },
        };
        var results = await _sink.WriteAsync([.. Writes(10), Write("bad id".PadRight(600, '.'))], Limit);
        Assert.Equal(10, _server.Count);
        Assert.All(results.Take(10), r => Assert.NotEqual(SinkStatus.Rejected, r.Status));
        Assert.Equal(SinkStatus.Rejected, results[10].Status);
    }

    [Fact]
    public async Task WriteAsync_ReorderedAnswerWithARefusal_RejectsTheRightOne()
    {
        _server.Fault = (_, _) => new BulkFault { Reverse = true, Items = id => id == "d7" ? (400, "document_parsing_exception") : null };
        var results = await StatusesAsync(Writes(10));
        Assert.Equal([7], results.Index().Where(r => r.Item == SinkStatus.Rejected).Select(r => r.Index));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(256)]
    public async Task WriteAsync_OneTooLarge_CostsFewRequestsAndOnlyItself(int count)
    {
        _server.MaxBytes = 200_000;
        await OpenAsync(Options() with { MaxBulkDocuments = 1_000 });
        var before = _server.Bulks;
        var writes = Writes(count - 1);
        writes.Insert(count / 3, Write("huge", 1, new string('x', 300_000)));
        var results = await StatusesAsync(writes);

        Assert.Equal(SinkStatus.Rejected, results[count / 3]);
        Assert.Equal(count - 1, results.Count(s => s == SinkStatus.Applied));
        Assert.InRange(_server.Bulks - before, 1, (2 * (int)Math.Log2(count)) + 1);
        Assert.Equal(0, _server.SentAfterSuccess);
    }

    [Fact]
    public async Task WriteAsync_ServerTakesLessThanConfigured_LearnsIt()
    {
        _server.MaxBytes = 100_000;
        var writes = Writes(60, new string('x', 5_000));
        Assert.All(await StatusesAsync(writes), s => Assert.Equal(SinkStatus.Applied, s));
        var first = _server.Bulks;
        writes = [.. writes.Select(w => Write(w.Id, 2, w.Document!.Text))];
        Assert.All(await StatusesAsync(writes), s => Assert.Equal(SinkStatus.Applied, s));
        Assert.True(_server.Bulks - first < first, "the second time costs as many requests");
    }

    [Fact]
    public async Task WriteAsync_MoreThanOneBulk_StaysWithinConcurrencyAndCount()
    {
        await OpenAsync(Options() with { MaxBulkDocuments = 10, MaxConcurrentBulks = 3 });
        var sizes = new List<int>();
        var together = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.Fault = (_, ids) =>
        {
            lock (sizes)
            {
                sizes.Add(ids.Count);
                if (sizes.Count == 2)
                    together.SetResult();
            }

            // The first is answered when a second has come beside it.
            return new BulkFault { Until = together.Task };
        };
        Assert.All(await StatusesAsync(Writes(200)), s => Assert.Equal(SinkStatus.Applied, s));
        Assert.Equal(20, sizes.Count);
        Assert.All(sizes, s => Assert.Equal(10, s));
        Assert.InRange(_server.MostInFlight, 2, 3);
    }

    [Fact]
    public async Task WriteAsync_Compressed_IsTheSame()
    {
        await OpenAsync(Options() with { Compress = true });
        Assert.All(await StatusesAsync(Writes(100)), s => Assert.Equal(SinkStatus.Applied, s));
        Assert.Equal(100, _server.Count);
    }

    [Fact]
    public async Task WriteAsync_Cancelled_EndsWhileTheServerWithholdsItsAnswer()
    {
        _server.Fault = (_, _) => new BulkFault { Until = new TaskCompletionSource().Task };
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _sink.WriteAsync(Writes(10), cancel.Token));
    }

    [Fact]
    public async Task WriteAsync_FirstHostDead_UsesTheOther()
    {
        await OpenAsync(Options() with { Urls = [new Uri($"http://127.0.0.1:{ServerProcess.FreePort()}"), _server.Url] });
        for (var i = 0; i < 5; i++)
            Assert.All(await StatusesAsync([Write("h" + i)]), s => Assert.Equal(SinkStatus.Applied, s));
    }
}
