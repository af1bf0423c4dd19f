using System.Net.Http.Json;
using System.Text.Json;
using Streaming.Testing.Servers;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>The circle over a real Kafka, each part a process of its own: two that enrich, one that labels, one that retrains.</summary>
[Collection(EndToEndGroup.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaLearningTests(KafkaServer kafka) : IClassFixture<KafkaServer>
{
    private const int Texts = 260;

    [IntegrationFact("kafka")]
    public async Task Run_SeparateWorkers_EveryProcessSwitchesToTheModelThatWasLearnt()
    {
        using var data = new DataFolderOfTest();
        await using var server = new FakeElasticsearch();
        await WeakModel.MakeAsync(data);
        var topology = data.WriteLines("loop.yaml",
        [
            "name: loop", $"model: {{bundle: {data.File("models/weak")}, channel: stable, registry: {data.File("registry")}}}",
            $"source: {{topics: [loop.raw], partitions: 2, kafka: {{{kafka.ClientYaml}}}}}", $"sink: {{url: \"{server.Url}\"}}",
            "chain: [decode, normalise, tokenise, encode, entities]",
            "labelling: {enabled: true, topic: loop.to-label, labelled_topic: loop.labelled, budget_per_hour: 5000, budget_per_day: 5000, below: {entities: 0.95}}",
            "retraining: {enabled: true, min_labels: 80, test: {entities: test.jsonl}, significance: 1, max_class_drop: 1, max_replay_change: 1, replay_texts: 0, blend: {strategy: all, epochs: 6}, events_topic: loop.events}",
        ]);
        (await ProductProcess.RunAsync("topics", "create", topology)).Ok();
        await using var first = ProductProcess.Start(["run", topology, "--port", "0", "--data", data.File("one")]);
        await using var second = ProductProcess.Start(["run", topology, "--port", "0", "--data", data.File("two")]);
        using var one = new HttpClient { BaseAddress = DemoTests.AddressIn(await first.SaysAsync("http://")) };
        using var two = new HttpClient { BaseAddress = DemoTests.AddressIn(await second.SaysAsync("http://")) };
        await second.SaysAsync("running loop");
        await using var labeller = ProductProcess.Start(["label", topology, "--labeller", "replay", "--gold", WeakModel.StreamFile, "--task", "entities", "--data", data.File("label")]);
        await using var trainer = ProductProcess.Start(["retrain", topology, "--watch", "--data", data.File("retrain")]);

        for (var i = 0; i < Texts; i++)
        {
            var line = JsonDocument.Parse(WeakModel.Stream[i]).RootElement;
            (await one.PostAsJsonAsync("/v1/topics/loop.raw/messages", new { id = line.GetProperty("id").GetString(), text = line.GetProperty("text").GetString() })).EnsureSuccessStatusCode();
        }

        await Eventually.TrueAsync(() => Task.FromResult(server.Count == Texts), "the documents");
        await Eventually.TrueAsync(async () => (await VersionAsync(one)).Contains("-r", StringComparison.Ordinal) && await VersionAsync(one) == await VersionAsync(two), "both processes to have switched");

        var history = await one.GetFromJsonAsync<JsonElement>("/v1/models/history");
        Assert.Contains(history.GetProperty("events").EnumerateArray(), static decided => decided.GetProperty("kind").GetString() == "promoted" && decided.GetProperty("decided_by").GetString() == "gate");
        await Eventually.TrueAsync(() => Task.FromResult(File.Exists(data.File("registry/published/weak.stable")) && File.ReadAllText(data.File("registry/published/weak.stable")) != "1"), "the decision to be on the events topic");
    }

    [IntegrationFact("kafka")]
    public async Task Label_OnThePageOfAnyProcess_AllOfThemHearOfAnswersAndUndo()
    {
        using var data = new DataFolderOfTest();
        await using var server = new FakeElasticsearch();
        var topology = data.WriteLines("people.yaml",
        [
            "name: people", "model: {bundle: starter}",
            $"source: {{topics: [people.raw], partitions: 2, kafka: {{{kafka.ClientYaml}}}}}", $"sink: {{url: \"{server.Url}\"}}",
            "chain: [decode, normalise, tokenise, encode, entities]",
            "labelling: {enabled: true, topic: people.to-label, labelled_topic: people.labelled, budget_per_hour: 5000, budget_per_day: 5000, control_rate: 1, random_share: 1}",
        ]);
        (await ProductProcess.RunAsync("topics", "create", topology)).Ok();
        await using var first = ProductProcess.Start(["run", topology, "--port", "0", "--data", data.File("one")]);
        await using var second = ProductProcess.Start(["run", topology, "--port", "0", "--data", data.File("two")]);
        using var one = new HttpClient { BaseAddress = DemoTests.AddressIn(await first.SaysAsync("http://")) };
        using var two = new HttpClient { BaseAddress = DemoTests.AddressIn(await second.SaysAsync("http://")) };
        await second.SaysAsync("running people");
        foreach (var line in WeakModel.Stream.Take(8).Select(static line => JsonDocument.Parse(line).RootElement))
            (await one.PostAsJsonAsync("/v1/topics/people.raw/messages", new { id = line.GetProperty("id").GetString(), text = line.GetProperty("text").GetString() })).EnsureSuccessStatusCode();
        foreach (var page in new[] { one, two })
            await Eventually.TrueAsync(async () => (await QueueAsync(page, "anna")).Count == 8, "the requests on the page");

        var request = (await QueueAsync(one, "anna"))[0];
        (await one.PostAsJsonAsync("/v1/labelling/samples", new { request_id = request, labeller = "anna", tasks = new[] { new { task = "entities", spans = Array.Empty<object>() } } })).EnsureSuccessStatusCode();
        Assert.DoesNotContain(request, await QueueAsync(one, "anna"));
        await Eventually.TrueAsync(async () => !(await QueueAsync(two, "anna")).Contains(request), "the answer on the other page");
        (await two.PostAsJsonAsync("/v1/labelling/undo", new { request_id = request, labeller = "anna" })).EnsureSuccessStatusCode();
        await Eventually.TrueAsync(async () => (await QueueAsync(one, "anna")).Contains(request), "the undo on the first page");
    }

    private static async Task<List<string>> QueueAsync(HttpClient http, string labeller) =>
        [.. (await http.GetFromJsonAsync<JsonElement>($"/v1/labelling/queue?labeller={labeller}&size=100")).GetProperty("items").EnumerateArray().Select(static item => item.GetProperty("request").GetProperty("id").GetString()!)];

    private static async Task<string> VersionAsync(HttpClient http) =>
        (await http.GetFromJsonAsync<JsonElement>("/v1/models/history")).GetProperty("version").GetString()!;
}
