using System.Text.Json;
using Streaming.Core.Sinks;
using Streaming.Testing.Chaos;
using Streaming.Testing.Fakes;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Elasticsearch.Tests.Integration;

/// <summary>A real server behind a bad network.</summary>
[Collection(ElasticsearchCollection.Name)]
[Trait("Category", "Integration")]
public sealed class ElasticsearchChaosTests(ElasticsearchServer server)
{
    private static CancellationToken Limit => new CancellationTokenSource(TimeSpan.FromSeconds(90)).Token;

    [IntegrationFact("elasticsearch")]
    public async Task WriteAsync_LostCutRefusedAndStalledAnswers_LosesAndDoublesNothing()
    {
        await using var proxy = new ChaosProxy(server.Port);
        var options = new ElasticsearchOptions
        {
            Urls = [new Uri($"http://127.0.0.1:{proxy.Port}")],
            Alias = "chaos",
            MaxBulkDocuments = 50,
            BackoffBase = TimeSpan.FromMilliseconds(20),
            BackoffCap = TimeSpan.FromMilliseconds(200),
            RequestTimeout = TimeSpan.FromSeconds(2),
        };
        await using var sink = new ElasticsearchSink(options);
        await sink.StartAsync(Limit);
        for (var i = 0; i < 6; i++)
        {
            proxy.CutAnswer("_bulk", 0);
            proxy.CutAnswer("_bulk", 60);
            proxy.CutAnswer("_bulk", 400);
            proxy.AnswerWith("_bulk", 503);
            proxy.AnswerWith("_bulk", 429);
        }

        proxy.Delay = TimeSpan.FromMilliseconds(2);
        var writes = Enumerable.Range(0, 2_000).Select(i => new DocumentWrite { Id = "c" + i, Version = 1 + i, Document = Make.Document("c" + i, "text " + i, offset: i) }).ToList();
        var writing = sink.WriteAsync(writes, Limit).AsTask();
        await Task.Delay(300);
        proxy.Refuse();
        await Task.Delay(300);
        proxy.Allow();
        proxy.Stall();
        await Task.Delay(3_000);
        proxy.Resume();
        var results = await writing;

        Assert.DoesNotContain(results, r => r.Status == SinkStatus.Rejected);
        Assert.Equal(0, proxy.Planned);
        using var http = new HttpClient();
        await http.PostAsync(new Uri(server.Url, "chaos/_refresh"), null);
        using var count = JsonDocument.Parse(await http.GetStringAsync(new Uri(server.Url, "chaos/_count")));
        Assert.Equal(2_000, count.RootElement.GetProperty("count").GetInt64());
    }
}
