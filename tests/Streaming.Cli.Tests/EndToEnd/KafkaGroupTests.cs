using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Streaming.Testing.Servers;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>Two real processes in one group on a real Kafka: who is ready, and what is known of the whole group.</summary>
[Collection(EndToEndGroup.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaGroupTests(KafkaServer kafka) : IClassFixture<KafkaServer>
{
    [IntegrationFact("kafka")]
    public async Task Run_TwoProcessesOnePartition_ReadyIsWhoHasItAndStatusIsTheGroups()
    {
        using var data = new DataFolderOfTest();
        await using var server = new FakeElasticsearch();
        var variables = new Dictionary<string, string>
        {
            ["STREAMING_KAFKA_BOOTSTRAP"] = kafka.Bootstrap,
            ["STREAMING_ELASTICSEARCH_URL"] = server.Url.ToString(),
            ["STREAMING__SOURCE__PARTITIONS"] = "1",
        };
        (await ProductProcess.RunAsync(["topics", "create", Product.Minimal], variables)).Ended(0);
        await using var first = ProductProcess.Start(["run", Product.Minimal, "--port", "0"], variables);
        using var one = new HttpClient { BaseAddress = DemoTests.AddressIn(await first.SaysAsync("http://")) };
        await Eventually.TrueAsync(async () => (await one.GetAsync("/health/ready")).IsSuccessStatusCode, "the first to be ready");
        await using var second = ProductProcess.Start(["run", Product.Minimal, "--port", "0"], variables);
        using var two = new HttpClient { BaseAddress = DemoTests.AddressIn(await second.SaysAsync("http://")) };
        await second.SaysAsync("running minimal");

        // One partition: whichever has it is ready, the other says what it waits for.
        await Eventually.TrueAsync(async () => await ReadyAsync(one) != await ReadyAsync(two), "exactly one to be ready");
        var (ready, waiting, killed) = await ReadyAsync(one) ? (one, two, first) : (two, one, second);
        Assert.Contains("partition", (await (await waiting.GetAsync("/health/ready")).Content.ReadFromJsonAsync<JsonElement>()).GetProperty("reason").GetString(), StringComparison.Ordinal);

        for (var i = 0; i < 5; i++)
            (await waiting.PostAsJsonAsync("/v1/topics/text.raw/messages", new { id = $"id-{i}", text = "The staff in Vienna was friendly." })).EnsureSuccessStatusCode();
        await Eventually.TrueAsync(() => Task.FromResult(server.Count == 5), "the documents");
        await Eventually.TrueAsync(async () => await BacklogAsync(variables) == 0, "the group to have committed");
        await Eventually.TrueAsync(async () => (await StatusAsync(waiting)).GetProperty("backlog").GetInt64() == 0, "the other process to know it");
        Assert.Equal("process", (await StatusAsync(waiting)).GetProperty("scope").GetString());
        Assert.Equal(0, (await StatusAsync(waiting)).GetProperty("indexed").GetInt64());
        Assert.Equal(5, (await StatusAsync(ready)).GetProperty("indexed").GetInt64());

        killed.Kill();
        await Eventually.TrueAsync(async () => await ReadyAsync(waiting), "the other to take over");
    }

    private static async Task<bool> ReadyAsync(HttpClient http) => (await http.GetAsync("/health/ready")).StatusCode == HttpStatusCode.OK;

    private static async Task<JsonElement> StatusAsync(HttpClient http) => (await http.GetFromJsonAsync<JsonElement>("/v1/status")).GetProperty("topologies")[0];

    private static async Task<long> BacklogAsync(Dictionary<string, string> variables)
    {
        var status = JsonElement.Parse((await ProductProcess.RunAsync(["status", Product.Minimal, "--json"], variables)).Ended(0).Out);
        Assert.Equal("minimal", status.GetProperty("group").GetString());
        return status.GetProperty("backlog").GetInt64();
    }
}
