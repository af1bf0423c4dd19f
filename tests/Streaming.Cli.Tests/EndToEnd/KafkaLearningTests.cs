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
        await using var pair = new KafkaPair(kafka, "loop");
        var data = pair.Data;
        await WeakModel.MakeAsync(data);
        // Which of the texts are labelled when the retraining begins differs from run to run, so all that is asked of a model is any gain.
        await pair.StartAsync(
            $"model: {{bundle: {data.File("models/weak")}, channel: stable, registry: {data.File("registry")}}}",
            "chain: [decode, normalise, tokenise, encode, entities]",
            "labelling: {enabled: true, topic: loop.to-label, labelled_topic: loop.labelled, budget_per_hour: 5000, budget_per_day: 5000, below: {entities: 0.95}}",
            "retraining: {enabled: true, min_labels: 80, test: {entities: test.jsonl}, significance: 1, max_class_drop: 1, max_calibration_rise: 1, max_replay_change: 1, replay_texts: 0, blend: {strategy: all, epochs: 6}, events_topic: loop.events}");
        var (one, two) = (pair.Clients[0], pair.Clients[1]);
        await using var labeller = ProductProcess.Start(["label", pair.Topology, "--labeller", "replay", "--gold", WeakModel.StreamFile, "--task", "entities", "--data", data.File("label")]);
        await using var trainer = ProductProcess.Start(["retrain", pair.Topology, "--watch", "--data", data.File("retrain")]);

        await pair.SendAsync(WeakModel.Stream.Take(Texts).Select(Text));
        await pair.IndexedAsync();
        await Eventually.TrueAsync(async () => (await KafkaPair.VersionAsync(one)).Contains("-r", StringComparison.Ordinal) && await KafkaPair.VersionAsync(one) == await KafkaPair.VersionAsync(two), () => "both processes to have switched" + pair.Said() + labeller.Error + trainer.Error);

        var history = await KafkaPair.HistoryAsync(one);
        Assert.Contains(history.GetProperty("events").EnumerateArray(), static decided => decided.GetProperty("kind").GetString() == "promoted" && decided.GetProperty("decided_by").GetString() == "gate");
        await Eventually.TrueAsync(() => Task.FromResult(File.Exists(data.File("registry/published/weak.stable")) && File.ReadAllText(data.File("registry/published/weak.stable")) != "1"), "the decision to be on the events topic");
    }

    [IntegrationFact("kafka")]
    public async Task Label_OnThePageOfAnyProcess_AllOfThemHearOfAnswersAndUndo()
    {
        await using var pair = new KafkaPair(kafka, "people");
        await pair.StartAsync(
            "model: {bundle: starter}",
            "chain: [decode, normalise, tokenise, encode, entities]",
            "labelling: {enabled: true, topic: people.to-label, labelled_topic: people.labelled, budget_per_hour: 5000, budget_per_day: 5000, control_rate: 1, random_share: 1}");
        var (one, two) = (pair.Clients[0], pair.Clients[1]);
        await pair.SendAsync(WeakModel.Stream.Take(8).Select(Text));
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

    private static (string Id, string Text) Text(string line)
    {
        var message = JsonElement.Parse(line);
        return (message.GetProperty("id").GetString()!, message.GetProperty("text").GetString()!);
    }
}
