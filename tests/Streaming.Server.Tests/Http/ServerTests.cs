using System.Net;
using System.Text;
using System.Text.Json;
using Streaming.Core;
using Streaming.Server.Tests.Fakes;

namespace Streaming.Server.Tests.Http;

public sealed class ServerTests
{
    [Fact]
    public async Task Search_QueryAndFilters_AnswersWithHitsFacetsAndHighlights()
    {
        await using var server = await RunningServer.StartAsync();
        var (status, body) = await server.GetAsync("/v1/search?q=storm&entity=LOC&size=5");
        Assert.Equal(200, status);
        Assert.Equal(2, body.GetProperty("total").GetInt32());
        var hit = body.GetProperty("hits")[1];
        Assert.Equal("storm", hit.GetProperty("id").GetString());
        var span = hit.GetProperty("highlights")[0];
        var text = hit.GetProperty("document").GetProperty("text").GetString()!;
        Assert.Equal("storm", text[span.GetProperty("start").GetInt32()..span.GetProperty("end").GetInt32()]);
        Assert.Contains(body.GetProperty("facets").GetProperty("entity").EnumerateArray(), f => f.GetProperty("value").GetString() == "LOC:Hamburg");
        Assert.Equal(1.25, body.GetProperty("took_ms").GetDouble());
    }

    [Fact]
    public async Task Suggest_Prefix_AnswersWithNamesAndTheirFilters()
    {
        await using var server = await RunningServer.StartAsync();
        var (status, body) = await server.GetAsync("/v1/suggest?prefix=ROM&size=1");
        Assert.Equal(200, status);
        var one = Assert.Single(body.GetProperty("suggestions").EnumerateArray());
        Assert.Equal(("entity", "LOC:Rome"), (one.GetProperty("kind").GetString(), one.GetProperty("value").GetString()));
    }

    [Theory]
    [InlineData("/v1/suggest", "invalid_parameter")]
    [InlineData("/v1/suggest?prefix=a&size=51", "invalid_parameter")]
    [InlineData("/v1/search?size=abc", "invalid_parameter")]
    [InlineData("/v1/search?size=201", "invalid_parameter")]
    [InlineData("/v1/search?since=yesterday", "invalid_time")]
    [InlineData("/v1/search?q=a&q=b", "invalid_parameter")]
    [InlineData("/v1/search?query=a", "unknown_parameter")]
    [InlineData("/v1/search?order=best", "invalid_parameter")]
    [InlineData("/v1/dead-letters?limit=0", "invalid_parameter")]
    public async Task Get_WrongParameter_IsAProblemWithACode(string path, string code)
    {
        await using var server = await RunningServer.StartAsync();
        var (status, body) = await server.GetAsync(path);
        Assert.Equal(400, status);
        Assert.Equal(code, body.GetProperty("code").GetString());
        Assert.Equal(400, body.GetProperty("status").GetInt32());
        Assert.StartsWith("urn:streaming:problem:", body.GetProperty("type").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Search_RelativeSince_IsSubtractedFromNow()
    {
        await using var server = await RunningServer.StartAsync();
        await server.GetAsync("/v1/search?since=24h");
        var since = server.Index.Last!.Since!.Value;
        Assert.InRange(DateTimeOffset.UtcNow - since, TimeSpan.FromHours(23.9), TimeSpan.FromHours(24.5));
    }

    [Fact]
    public async Task Get_DependencyAway_Is503WithItsCode()
    {
        await using var server = await RunningServer.StartAsync();
        server.Index.Fault = new DependencyUnavailableException("index_unavailable", "the index does not answer");
        var (status, body) = await server.GetAsync("/v1/search");
        Assert.Equal((503, "index_unavailable"), (status, body.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Get_Bug_Is500WithoutItsMessage()
    {
        await using var server = await RunningServer.StartAsync();
        server.Index.Fault = new InvalidOperationException("secret text of a document");
        var (status, body) = await server.GetAsync("/v1/search");
        Assert.Equal(500, status);
        Assert.DoesNotContain("secret", body.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/documents/storm", 200)]
    [InlineData("/v1/documents/nope", 404)]
    [InlineData("/nothing/here", 404)]
    [InlineData("/v1/status", 200)]
    [InlineData("/v1/dead-letters", 200)]
    [InlineData("/health/live", 200)]
    [InlineData("/health/ready", 200)]
    [InlineData("/openapi/v1.json", 200)]
    public async Task Get_Path_AnswersJsonWithStatus(string path, int expected)
    {
        await using var server = await RunningServer.StartAsync();
        var a = await server.GetAsync(path); Assert.True(expected == a.Status, a.Body.GetRawText());
    }

    [Fact]
    public async Task Post_WhereOnlyGetIs_Is405()
    {
        await using var server = await RunningServer.StartAsync();
        Assert.Equal(405, (await server.PostAsync("/v1/search", "text/plain", "x")).Status);
    }

    [Fact]
    public async Task Ready_NotWarm_Is503WithReason()
    {
        await using var server = await RunningServer.StartAsync(notReady: () => "loading the model");
        var (status, body) = await server.GetAsync("/health/ready");
        Assert.Equal((503, "loading the model"), (status, body.GetProperty("reason").GetString()));
    }

    [Fact]
    public async Task OpenApi_Document_NamesEveryAddressAndParameter()
    {
        await using var server = await RunningServer.StartAsync();
        var paths = (await server.GetAsync("/openapi/v1.json")).Body.GetProperty("paths");
        foreach (var path in new[] { "/v1/search", "/v1/topics/{topic}/messages", "/v1/analyze", "/v1/status", "/v1/dead-letters", "/health/ready", "/metrics" })
            Assert.True(paths.TryGetProperty(path, out _), path);
        var names = paths.GetProperty("/v1/search").GetProperty("get").GetProperty("parameters").EnumerateArray().Select(p => p.GetProperty("name").GetString()).ToList();
        Assert.Contains("entity", names);
        Assert.Contains("since", names);
    }

    [Fact]
    public async Task Metrics_AreText()
    {
        await using var server = await RunningServer.StartAsync();
        Assert.Contains("streaming_documents_total", await server.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ingest_MixedArray_AnswersItemByItemAndKeepsBytes()
    {
        await using var server = await RunningServer.StartAsync();
        var (status, body) = await server.PostAsync("/v1/topics/text.raw/messages", "application/json",
            """[{"id":"a", "text":"x","more":1}, "plain", {"no":1}, {"text":"\ud800"}, 5, {"text":"refuse"}, {"id":"b","text":1}]""");
        Assert.Equal(207, status);
        Assert.Equal((2, 5), (body.GetProperty("stored").GetInt32(), body.GetProperty("rejected").GetInt32()));
        Assert.Equal(
            ["stored", "stored", "invalid_field", "lone_surrogate", "malformed_json", "log_refused", "invalid_field"],
            body.GetProperty("results").EnumerateArray().Select(r => r.TryGetProperty("code", out var code) ? code.GetString()! : r.GetProperty("status").GetString()!));
        Assert.Equal("""{"id":"a", "text":"x","more":1}""", Encoding.UTF8.GetString(server.Producer.Stored[0].Value));
        Assert.Equal("a", server.Producer.Stored[0].Key);
        Assert.Equal("plain", Encoding.UTF8.GetString(server.Producer.Stored[1].Value));
    }

    [Fact]
    public async Task Ingest_TextLines_EachIsAMessageAndJsonLookalikesStayText()
    {
        await using var server = await RunningServer.StartAsync();
        var (status, _) = await server.PostAsync("/v1/topics/text.raw/messages", "text/plain; charset=utf-8", "first\r\n\n{not json}\nlast");
        Assert.Equal(200, status);
        Assert.Equal(["first", """{"text":"{not json}"}""", "last"], server.Producer.Stored.Select(s => Encoding.UTF8.GetString(s.Value)));
    }

    [Theory]
    [InlineData("/v1/topics/other/messages", "text/plain", "x", 404, "unknown_topic")]
    [InlineData("/v1/topics/text.raw/messages", "application/xml", "<a/>", 415, "unsupported_media_type")]
    [InlineData("/v1/topics/text.raw/messages", "application/json", "[{\"text\":\"x\"},", 400, "malformed_json")]
    [InlineData("/v1/topics/text.raw/messages", "text/plain", "\n\n", 400, "no_messages")]
    [InlineData("/v1/analyze", "application/json", "{\"text\":5}", 400, "malformed_json")]
    [InlineData("/v1/analyze", "application/json", "{}", 400, "malformed_json")]
    [InlineData("/v1/analyze", "text/plain", "unprocessable", 400, "model_failed")]
    public async Task Post_Wrong_IsAProblemWithACode(string path, string type, string body, int status, string code)
    {
        await using var server = await RunningServer.StartAsync();
        var answer = await server.PostAsync(path, type, body);
        Assert.Equal((status, code), (answer.Status, answer.Body.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Ingest_TooLarge_Is413()
    {
        await using var server = await RunningServer.StartAsync(options: new() { MaxRequestBytes = 2_000, MaxMessages = 3 });
        Assert.Equal(413, (await server.PostAsync("/v1/topics/text.raw/messages", "text/plain", new string('x', 3_000))).Status);
        Assert.Equal(413, (await server.PostAsync("/v1/topics/text.raw/messages", "text/plain", "a\nb\nc\nd")).Status);
        Assert.Empty(server.Producer.Stored);
    }

    [Fact]
    public async Task Analyze_LongText_AcceptsEveryWindowOnce()
    {
        await using var server = await RunningServer.StartAsync();
        var (status, body) = await server.PostAsync("/v1/analyze", "text/plain", string.Concat(Enumerable.Repeat("some words and ", 500)) + "Rome");
        Assert.Equal(200, status);
        Assert.Equal("Rome", body.GetProperty("entities")[0].GetProperty("text").GetString());
        Assert.Equal("7", body.GetProperty("model_version").GetString());
    }

    [Fact]
    public async Task Analyze_InvalidUtf8_IsRefused()
    {
        await using var server = await RunningServer.StartAsync();
        var (status, body) = await server.PostAsync("/v1/analyze", "text/plain", [0x61, 0xff]);
        Assert.Equal((400, "invalid_utf8"), (status, body.GetProperty("code").GetString()));
    }

    [Theory]
    [InlineData("Host", "evil.example", "foreign_host")]
    [InlineData("Host", "127.0.0.1.evil.example", "foreign_host")]
    [InlineData("Origin", "https://evil.example", "foreign_origin")]
    [InlineData("Origin", "null", "foreign_origin")]
    [InlineData("Origin", "http://127.0.0.1:1", "foreign_origin")]
    public async Task Any_ForeignHostOrOrigin_Is403(string header, string value, string code)
    {
        await using var server = await RunningServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/v1/status", UriKind.Relative));
        if (header == "Host")
            request.Headers.Host = value;
        else
            request.Headers.TryAddWithoutValidation(header, value);
        using var response = await server.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal(code, JsonDocument.Parse(await response.Content.ReadAsStreamAsync()).RootElement.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Any_OwnOrigin_Passes()
    {
        await using var server = await RunningServer.StartAsync();
        server.Client.DefaultRequestHeaders.Add("Origin", server.Address.GetLeftPart(UriPartial.Authority));
        Assert.Equal(200, (await server.GetAsync("/v1/status")).Status);
    }

    [Fact]
    public async Task Any_WithToken_NeedsItForEverythingButHealthAndThePage()
    {
        const string Token = "0123456789abcdef-secret";
        await using var server = await RunningServer.StartAsync(options: new() { Token = Token });
        Assert.Equal(401, (await server.GetAsync("/v1/status")).Status);
        Assert.Equal(200, (await server.GetAsync("/health/live")).Status);
        server.Client.DefaultRequestHeaders.Authorization = new("Bearer", "0123456789abcdef-secreT");
        Assert.Equal(401, (await server.GetAsync("/v1/status")).Status);
        server.Client.DefaultRequestHeaders.Authorization = new("Bearer", Token);
        Assert.Equal(200, (await server.GetAsync("/v1/status")).Status);
    }

    [Fact]
    public async Task StartAsync_OpenAddressWithoutToken_IsRefused()
    {
        var error = await Assert.ThrowsAsync<StreamingException>(() => StreamingServer.StartAsync(new() { Address = IPAddress.Any }, new(), CancellationToken.None));
        Assert.Equal("token_required", error.Code);
    }

    [Fact]
    public async Task StartAsync_PortTaken_SaysSo()
    {
        await using var server = await RunningServer.StartAsync();
        var error = await Assert.ThrowsAsync<DependencyUnavailableException>(() => StreamingServer.StartAsync(new() { Port = server.Address.Port }, new(), CancellationToken.None));
        Assert.Equal("port_unavailable", error.Code);
    }

    [Fact]
    public async Task Any_Answer_CarriesTheSecurityHeaders()
    {
        await using var server = await RunningServer.StartAsync();
        foreach (var path in new[] { "/", "/assets/app.js", "/v1/search", "/nothing" })
        {
            using var response = await server.Client.GetAsync(new Uri(path, UriKind.Relative));
            var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
            Assert.StartsWith("default-src 'none'; script-src 'self'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        }
    }

    [Theory]
    [InlineData("/assets/..%2findex.html")]
    [InlineData("/assets/app.cs")]
    [InlineData("/assets/")]
    public async Task Assets_OtherNames_Are404(string path)
    {
        await using var server = await RunningServer.StartAsync();
        using var response = await server.Client.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }
}
