using Streaming.Core;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Elasticsearch.Tests;

public sealed class ElasticsearchStartTests
{
    // Whoever answers is waited for; nobody there is waited for as long as this.
    private static ElasticsearchSink Sink(Uri url, string alias = "docs", int seconds = 180) =>
        new(new ElasticsearchOptions { Urls = [url], Alias = alias, StartTimeout = TimeSpan.FromSeconds(seconds) });

    private static async Task<StreamingException> FailsAsync(Uri url, int seconds = 180)
    {
        await using var sink = Sink(url, seconds: seconds);
        return await Assert.ThrowsAnyAsync<StreamingException>(async () => await sink.StartAsync(default));
    }

    [Fact]
    public async Task StartAsync_NobodyThere_IsToldWithExitCode3()
    {
        var error = await FailsAsync(new Uri($"http://127.0.0.1:{ServerProcess.FreePort()}"), seconds: 2);
        Assert.Equal(("elasticsearch_unreachable", ExitCode.DependencyUnavailable), (error.Code, error.ExitCode));
        Assert.Contains("STREAMING_ELASTICSEARCH_URL", error.Message);
    }

    [Theory]
    [InlineData(200, "{\"hello\":1}", "elasticsearch_wrong_product")]
    [InlineData(200, "<html></html>", "elasticsearch_wrong_product")]
    [InlineData(200, "{\"version\":{\"number\":\"7.9.3\"},\"tagline\":\"You Know, for Search\"}", "elasticsearch_too_old")]
    [InlineData(401, "{}", "elasticsearch_authentication_failed")]
    public async Task StartAsync_WrongServer_IsToldWithACode(int status, string root, string code)
    {
        await using var server = new FakeElasticsearch { Root = root, RootStatus = status };
        var error = await FailsAsync(server.Url);
        Assert.Equal((code, ExitCode.Usage), (error.Code, error.ExitCode));
    }

    [Fact]
    public async Task StartAsync_AnotherMakesTheAliasMeanwhile_IsNoIndexOfThatName()
    {
        await using var server = new FakeElasticsearch { AliasHiddenFor = 1 };
        await using var sink = Sink(server.Url);
        await sink.StartAsync(default);
        Assert.Contains("HEAD /docs", server.Others);
    }

    [Fact]
    public async Task StartAsync_OpenSearch_IsKnown()
    {
        await using var server = new FakeElasticsearch { Root = """{"version":{"distribution":"opensearch","number":"2.11.0"}}""" };
        await using var sink = Sink(server.Url);
        await sink.StartAsync(default);
        Assert.Equal("opensearch", sink.Product);
    }

    [Theory]
    [InlineData("Docs")]
    [InlineData("-docs")]
    [InlineData("a/b")]
    [InlineData("")]
    public void Constructor_NameNoIndexCanHave_IsRefused(string alias)
    {
        var error = Assert.Throws<StreamingException>(() => Sink(new Uri("http://127.0.0.1:9200"), alias));
        Assert.Equal("elasticsearch_setting_invalid", error.Code);
    }

    [Fact]
    public void Constructor_PasswordInTheAddress_IsRefusedAndNotRepeated()
    {
        var error = Assert.Throws<StreamingException>(() => Sink(new Uri("http://u:canary@127.0.0.1:9200")));
        Assert.DoesNotContain("canary", error.Message);
    }
}
