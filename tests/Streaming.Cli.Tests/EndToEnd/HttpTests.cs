using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>The HTTP interface of the real process.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class HttpTests
{
    [EnrichingFact]
    public async Task Run_Served_TakesTextsFindsThemAndTellsHowItGoes()
    {
        using var data = new DataFolderOfTest();
        await using var process = ProductProcess.Start(["run", Product.Minimal, "--port", "0", "--data", data.Path]);
        var address = DemoTests.AddressIn(await process.SaysAsync("http://"));
        using var http = new HttpClient { BaseAddress = address };
        await Eventually.TrueAsync(async () => (await http.GetAsync("/health/ready")).IsSuccessStatusCode, "ready");
        Assert.True((await http.GetAsync("/health/live")).IsSuccessStatusCode);

        using var posted = await http.PostAsJsonAsync("/v1/topics/text.raw/messages", new { id = "a/b c", text = "Angela Merkel visited the harbour in Hamburg on Tuesday.", source = "news", colour = "blue" });
        Assert.Equal(HttpStatusCode.OK, posted.StatusCode);
        Assert.Equal("stored", (await posted.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("results")[0].GetProperty("status").GetString());
        await Eventually.TrueAsync(async () => (await DemoTests.SearchAsync(http, "harbour")).GetProperty("total").GetInt32() == 1, "the text posted");
        var document = await http.GetFromJsonAsync<JsonElement>("/v1/documents/a%2Fb%20c");
        Assert.Equal("blue", document.GetProperty("colour").GetString());
        Assert.Equal("minimal", document.GetProperty("lineage").GetProperty("topology").GetString());
        var text = document.GetProperty("text").GetString()!;
        Assert.All(document.GetProperty("entities").EnumerateArray(), entity =>
            Assert.Equal(entity.GetProperty("text").GetString(), text[entity.GetProperty("start").GetInt32()..entity.GetProperty("end").GetInt32()]));

        using var analysed = await http.PostAsJsonAsync("/v1/analyze", new { text });
        var analysis = await analysed.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(document.GetProperty("entities").GetRawText(), analysis.GetProperty("entities").GetRawText());
        Assert.Equal(document.GetProperty("sentiment").GetRawText(), analysis.GetProperty("sentiment").GetRawText());

        var metrics = await http.GetStringAsync("/metrics");
        Assert.Matches("(?m)^streaming_documents[a-z_]*\\{[^}]*outcome=\"indexed\"[^}]*\\} 1$", metrics);
        Assert.All((string[])["batch", "padding", "queue", "infer", "sink"], part => Assert.Contains(part, metrics, StringComparison.Ordinal));
        var status = await http.GetFromJsonAsync<JsonElement>("/v1/status");
        Assert.Equal(1, status.GetProperty("topologies")[0].GetProperty("indexed").GetInt32());
        var paths = (await http.GetFromJsonAsync<JsonElement>("/openapi/v1.json")).GetProperty("paths");
        Assert.All((string[])["/v1/search", "/v1/topics/{topic}/messages", "/v1/analyze", "/v1/status", "/metrics", "/health/ready"], path => Assert.True(paths.TryGetProperty(path, out _), path));
        Assert.Contains("Content-Security-Policy", (await http.GetAsync("/?document=a%2Fb%20c")).Headers.Select(static header => header.Key));

        using var foreign = new HttpRequestMessage(HttpMethod.Get, "/v1/search") { Headers = { Host = "evil.example" } };
        Assert.Equal(HttpStatusCode.Forbidden, (await http.SendAsync(foreign)).StatusCode);
        using var other = await http.PostAsJsonAsync("/v1/topics/elsewhere/messages", new { text = "x" });
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        process.Terminate();
        (await process.EndAsync()).Ended(0);
    }

    [EnrichingFact]
    public async Task Run_AllAddresses_NeedsATokenAndAsksForIt()
    {
        using var data = new DataFolderOfTest();
        var refused = (await ProductProcess.RunAsync("run", Product.Minimal, "--port", "0", "--address", "0.0.0.0", "--data", data.Path)).Ended(2);
        Assert.Equal("token_required", refused.ErrorCode());

        await File.WriteAllTextAsync(data.File("token"), "a-token-of-some-length\n");
        await using var process = ProductProcess.Start(["run", Product.Minimal, "--port", "0", "--address", "0.0.0.0", "--token-file", data.File("token"), "--data", data.Path]);
        var address = DemoTests.AddressIn(await process.SaysAsync("http://"));
        using var http = new HttpClient { BaseAddress = new UriBuilder(address) { Host = "127.0.0.1" }.Uri };
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/v1/search")).StatusCode);
        http.DefaultRequestHeaders.Authorization = new("Bearer", "a-token-of-some-length");
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/v1/search")).StatusCode);
    }

    [EnrichingFact]
    public async Task Run_PortTaken_SaysSoAndEndsWithThree()
    {
        using var data = new DataFolderOfTest();
        using var taken = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var result = (await ProductProcess.RunAsync("run", Product.Minimal, "--port", port, "--data", data.Path)).Ended(3);
        Assert.Equal("port_unavailable", result.ErrorCode());
    }
}
