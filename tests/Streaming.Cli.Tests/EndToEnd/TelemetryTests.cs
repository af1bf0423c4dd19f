using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Streaming.Testing.Telemetry;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>What the process tells those who keep it running, and what it never tells.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class TelemetryTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string TextCanary = "Quokkacanary";
    private const string SecretCanary = "s3cretcanary-of-this-test";

    [EnrichingFact]
    public async Task Run_CollectorConfigured_SendsTracesAndMetricsAndKeepsTextsAndSecretsToItself()
    {
        using var data = new DataFolderOfTest();
        await using var collector = new OtlpReceiver();
        await using var process = ProductProcess.Start(
            ["run", Product.Minimal, "--port", "0", "--log", "json", "--data", data.Path],
            new Dictionary<string, string>
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Endpoint,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                ["OTEL_EXPORTER_OTLP_HEADERS"] = "api-key=" + SecretCanary,
                ["STREAMING_TOKEN"] = SecretCanary,
            });
        using var http = new HttpClient { BaseAddress = DemoTests.AddressIn(MessageOf(await process.SaysAsync("http://"))) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", SecretCanary);
        using var post = new HttpRequestMessage(HttpMethod.Post, "/v1/topics/text.raw/messages")
        {
            Headers = { { "traceparent", $"00-{Trace}-b7ad6b7169203331-01" } },
            Content = new StringContent(
                $$"""{"id":"{{TextCanary}}-1","text":"{{TextCanary}} was in Rome."}""" + "\n" + $$"""{"id":"{{TextCanary}}-2","text":"{{TextCanary}} liked the pizza.","event_time":"{{TextCanary}}"}""",
                Encoding.UTF8,
                "application/x-ndjson"),
        };
        using var posted = await http.SendAsync(post);
        var stored = await posted.Content.ReadFromJsonAsync<JsonElement>();
        var accepted = stored.GetProperty("stored").GetInt32();
        await Eventually.TrueAsync(async () => (await data.StatusAsync())?.Outcomes.Total == accepted, "the messages' ends");
        var metrics = await http.GetStringAsync("/metrics");
        process.Terminate();
        var ended = (await process.EndAsync()).Ended(0);

        Assert.Empty(collector.Broken);
        var ways = collector.Spans.Where(static span => span.Name == "process text.raw").ToList();
        Assert.Equal(accepted, ways.Count);
        Assert.All(ways, static way => Assert.Equal((Trace, "b7ad6b7169203331", "minimal"), (way.Trace, way.Parent, way.Tags["streaming.topology"])));
        var indexed = Assert.Single(ways, static way => way.Tags["streaming.outcome"] == "indexed");
        Assert.Contains(collector.Spans, span => span.Name == "infer" && span.Links.Contains(indexed.Id));
        Assert.Contains(collector.Spans, span => span.Name == "deliver" && span.Links.Contains(indexed.Id));
        Assert.Equal(accepted, collector.Metrics["streaming.documents"].Value);
        Assert.Equal("s", collector.Metrics["streaming.infer.duration"].Unit);
        Assert.All(collector.Requests, static request => Assert.Equal(SecretCanary, request.Headers["api-key"]));

        // One JSON object a line, each with what a log store wants.
        Assert.NotEmpty(ended.ErrorLines);
        foreach (var line in ended.ErrorLines)
        {
            var entry = JsonDocument.Parse(line).RootElement;
            Assert.All((string[])["time", "level", "code", "message"], name => Assert.False(string.IsNullOrEmpty(entry.GetProperty(name).GetString()), line));
        }

        Assert.Contains(ended.ErrorLines, static line => line.Contains("\"code\":\"drained\"", StringComparison.Ordinal));
        foreach (var canary in (string[])[TextCanary, SecretCanary])
        {
            Assert.DoesNotContain(canary, ended.Error, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(canary, metrics, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(collector.Requests, request => request.Body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(canary)) >= 0);
        }
    }

    [EnrichingFact]
    public async Task Run_NoCollectorConfigured_LoadsNothingOfOpenTelemetry()
    {
        using var data = new DataFolderOfTest();
        await using var process = ProductProcess.Start(["run", Product.Minimal, "--port", "0", "--data", data.Path]);
        using var http = new HttpClient { BaseAddress = DemoTests.AddressIn(await process.SaysAsync("http://")) };
        await Eventually.TrueAsync(async () => (await http.GetAsync("/health/ready")).IsSuccessStatusCode, "ready");
        var mapped = await File.ReadAllTextAsync($"/proc/{process.Id}/maps");
        Assert.Contains("Streaming.Core.dll", mapped, StringComparison.Ordinal);
        Assert.DoesNotContain("OpenTelemetry", mapped, StringComparison.Ordinal);
    }

    [ProductTheory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://collector")]
    public async Task Run_CollectorAddressOfNoUse_IsRefusedByName(string variable, string value)
    {
        using var data = new DataFolderOfTest();
        var result = (await ProductProcess.RunAsync(["run", Product.Minimal, "--once", "--data", data.File("data")], new Dictionary<string, string> { [variable] = value })).Ended(2);
        Assert.Equal("otlp_setting_invalid", result.ErrorCode());
        Assert.Contains(variable, result.Error, StringComparison.Ordinal);
    }

    private static string MessageOf(string line) => JsonDocument.Parse(line).RootElement.GetProperty("message").GetString()!;
}
