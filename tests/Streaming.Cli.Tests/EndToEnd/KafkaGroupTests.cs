using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Streaming.Adapters.Kafka;
using Streaming.Contracts;
using Streaming.Testing.Servers;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>Real processes on a real Kafka: which of two is ready, what is known of the whole group, and of its dead letters.</summary>
[Collection(EndToEndGroup.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaGroupTests(KafkaServer kafka) : IClassFixture<KafkaServer>
{
    [IntegrationFact("kafka")]
    public async Task Run_TwoProcessesOnePartition_ReadyIsWhoHasItAndStatusIsTheGroups()
    {
        using var data = new DataFolderOfTest();
        await using var server = new FakeElasticsearch();
        var variables = new Dictionary<string, string>(kafka.ClientVariables)
        {
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

        // One partition: whichever has it is ready, the other says what it waits for. Until both have joined, it is still on its way.
        await KafkaPair.InGroupAsync(kafka, "minimal", 2);
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

    [IntegrationFact("kafka")]
    public async Task DeadLetters_Redriven_AreKnownAsSuch()
    {
        using var data = new DataFolderOfTest();
        var name = $"letters-{Environment.ProcessId}";
        var client = kafka.Client;
        var file = data.File("letters.yaml");
        await File.WriteAllTextAsync(file, $"name: {name}\nsource: {{topics: [{name}], kafka: {{{kafka.ClientYaml}}}}}\nchain: [decode, normalise, tokenise, encode, entities]\ndead_letters: {{max_attempts: 3}}\n");
        await using (var admin = new KafkaAdmin(client))
            await admin.CreateTopicsAsync([new KafkaTopic(name, 1, 1), new KafkaTopic(name + ".dead-letter", 1, 1)], default);
        await using (var sink = new KafkaDeadLetterSink(new KafkaMessageProducer(new KafkaProducerOptions { Client = client }), name + ".dead-letter"))
            await sink.WriteAsync([Letter(name, 0, attempts: 1), Letter(name, 1, attempts: 3), Letter(name, 2, attempts: 2)], default);
        Assert.Equal([(0, false), (1, false), (2, false)], await ListAsync());

        (await ProductProcess.RunAsync("dead-letters", "redrive", $"{name}-0-2", "--topology", file)).Ended(0);
        Assert.Equal([(0, false), (1, false)], await ListAsync());
        Assert.Equal([(0, false), (1, false), (2, true)], await ListAsync("--all"));
        Assert.Contains("redriven  to " + name, (await ProductProcess.RunAsync("dead-letters", "show", $"{name}-0-2", "--topology", file)).Ended(0).Out, StringComparison.Ordinal);

        // All that are left: one is, because it was tried as often as allowed.
        (await ProductProcess.RunAsync("dead-letters", "redrive", "--all", "--topology", file)).Ended(1);
        Assert.Equal([(1, false)], await ListAsync());
        Assert.Equal([(0, true), (1, false), (2, true)], await ListAsync("--all"));

        async Task<List<(int Offset, bool IsRedriven)>> ListAsync(params string[] options)
        {
            var listed = JsonElement.Parse((await ProductProcess.RunAsync(["dead-letters", "list", "--topology", file, "--json", .. options], null)).Ended(0).Out);
            return [.. listed.GetProperty("dead_letters").EnumerateArray().Select(static letter => (letter.GetProperty("offset").GetInt32(), letter.GetProperty("redriven").GetBoolean()))];
        }
    }

    private static DeadLetter Letter(string topic, long offset, int attempts) => new()
    {
        Topic = topic,
        Partition = 0,
        Offset = offset,
        Timestamp = DateTimeOffset.UnixEpoch,
        Value = [0xFF],
        Headers = [],
        Stage = "decode",
        Code = ErrorCodes.InvalidUtf8,
        Reason = "Byte 0 is not UTF-8.",
        Attempts = attempts,
        FailedAt = DateTimeOffset.UnixEpoch,
        Topology = topic,
    };

    private static async Task<bool> ReadyAsync(HttpClient http) => (await http.GetAsync("/health/ready")).StatusCode == HttpStatusCode.OK;

    private static async Task<JsonElement> StatusAsync(HttpClient http) => (await http.GetFromJsonAsync<JsonElement>("/v1/status")).GetProperty("topologies")[0];

    private static async Task<long> BacklogAsync(Dictionary<string, string> variables)
    {
        var status = JsonElement.Parse((await ProductProcess.RunAsync(["status", Product.Minimal, "--json"], variables)).Ended(0).Out);
        Assert.Equal("minimal", status.GetProperty("group").GetString());
        return status.GetProperty("backlog").GetInt64();
    }
}
