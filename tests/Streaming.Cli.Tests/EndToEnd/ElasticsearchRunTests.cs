using System.Net.Http.Json;
using Streaming.Testing.Servers;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>The real process before an Elasticsearch that is of no use, and before one that goes away.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class ElasticsearchRunTests
{
    [ProductTheory]
    [InlineData(200, "{\"hello\":1}", "elasticsearch_wrong_product")]
    [InlineData(200, "{\"version\":{\"number\":\"7.9.3\"},\"tagline\":\"You Know, for Search\"}", "elasticsearch_too_old")]
    [InlineData(401, "{}", "elasticsearch_authentication_failed")]
    public async Task Run_ServerOfNoUse_IsToldByCodeAndSetting(int status, string root, string code)
    {
        using var data = new DataFolderOfTest();
        await using var server = new FakeElasticsearch { Root = root, RootStatus = status };
        var result = (await RunAsync(data, server.Url)).Ended(2);
        Assert.Equal(code, result.ErrorCode());
        Assert.Matches("sink\\.|STREAMING_ELASTICSEARCH_URL", result.Error);
    }

    [ProductFact]
    public async Task Run_NobodyThere_EndsWithThree()
    {
        using var data = new DataFolderOfTest();
        var result = (await RunAsync(data, new Uri($"http://127.0.0.1:{ServerProcess.FreePort()}"))).Ended(3);
        Assert.Equal("elasticsearch_unreachable", result.ErrorCode());
        Assert.Contains("STREAMING_ELASTICSEARCH_URL", result.Error, StringComparison.Ordinal);
    }

    [EnrichingFact]
    public async Task Run_ServerOverloadedForAWhile_WaitsSaysSoOnceCountsAndGoesOn()
    {
        using var data = new DataFolderOfTest();
        var away = true;
        await using var server = new FakeElasticsearch { Fault = (_, _) => Volatile.Read(ref away) ? new BulkFault { Status = 503 } : null };
        await using var process = ProductProcess.Start(["run", Product.Minimal, "--port", "0", "--data", data.Path], Variables(server.Url));
        using var http = new HttpClient { BaseAddress = DemoTests.AddressIn(await process.SaysAsync("http://")) };
        for (var i = 0; i < 3; i++)
            (await http.PostAsJsonAsync("/v1/topics/text.raw/messages", new { id = $"id-{i}", text = "The staff in Vienna was friendly." })).EnsureSuccessStatusCode();
        await process.SaysAsync("warning elasticsearch_overloaded");
        await Eventually.TrueAsync(() => Task.FromResult(server.Bulks >= 3), "a few refusals");
        Assert.Matches("(?m)^streaming_elasticsearch_bulk_throttled_total [1-9]", await http.GetStringAsync("/metrics"));
        Assert.Equal(0, server.Count);
        Volatile.Write(ref away, false);
        await process.SaysAsync("elasticsearch_back");
        await Eventually.TrueAsync(() => Task.FromResult(server.Count == 3), "the documents");
        process.Terminate();
        var ended = (await process.EndAsync()).Ended(0);
        Assert.Single(ended.ErrorLines, static line => line.Contains("elasticsearch_overloaded", StringComparison.Ordinal));
        Assert.Single(ended.ErrorLines, static line => line.Contains("elasticsearch_back", StringComparison.Ordinal));
        Assert.Empty(await data.DeadLettersAsync());
    }

    private static Task<ProductResult> RunAsync(DataFolderOfTest data, Uri url) => ProductProcess.RunAsync(["run", Product.Minimal, "--no-server", "--data", data.File("data")], Variables(url));

    private static Dictionary<string, string> Variables(Uri url) => new() { ["STREAMING_ELASTICSEARCH_URL"] = url.ToString() };
}
