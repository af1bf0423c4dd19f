using System.Text.Json;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>A second bundle beside the model in force: where the two disagree, a text is sent to be labelled.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class SecondBundleTests
{
    private const int Texts = 60;

    [EnrichingFact]
    public async Task RunOnce_SecondBundleDisagrees_ThoseTextsAreChosenAndEnrichedByTheFirst()
    {
        using var data = new DataFolderOfTest();
        await WeakModel.MakeAsync(data);
        Assert.Empty(await RunAsync(data, "alone", ""));

        // All that can choose a text here is the disagreement: nothing is asked of the model's own confidence, and nothing is drawn at random.
        var chosen = await RunAsync(data, "two", ", second_bundle: starter, disagreement_from: 0.6");

        Assert.InRange(chosen.Count, 1, Texts);
        Assert.All(chosen, static request =>
        {
            var reason = Assert.Single(request.GetProperty("reasons").EnumerateArray(), static reason => reason.GetProperty("code").GetString() == "disagreement");
            Assert.Equal(("entities", 0.6), (reason.GetProperty("task").GetString(), reason.GetProperty("threshold").GetDouble()));
            Assert.InRange(reason.GetProperty("value").GetDouble(), 0.6, 1);
            Assert.Equal((WeakModel.Name, "0.1.0"), (request.GetProperty("model").GetString(), request.GetProperty("model_version").GetString()));
        });
    }

    private static async Task<IReadOnlyList<JsonElement>> RunAsync(DataFolderOfTest data, string name, string second)
    {
        var topology = data.WriteLines(name + ".yaml",
        [
            $"name: {name}", $"model: {{bundle: {data.File("models/weak")}, rollout: {{shadow_share: 1, shadow_rate: 100000, max_overhead: 10}}}}", $"source: {{topics: [{name}.raw]}}",
            "chain: [decode, normalise, tokenise, encode, entities]",
            $"labelling: {{enabled: true, topic: {name}.to-label, labelled_topic: {name}.labelled, budget_per_hour: 5000, budget_per_day: 5000, control_rate: 0, near_duplicate: 1{second}}}",
        ]);
        var folder = data.File("data-" + name);
        (await ProductProcess.RunAsync("ingest", data.WriteLines("in.jsonl", WeakModel.Stream.Take(Texts)), "--topic", name + ".raw", "--data", folder)).Ok();
        var done = (await ProductProcess.RunAsync("run", topology, "--once", "--json", "--data", folder)).Json();
        Assert.Equal(Texts, done.GetProperty("indexed").GetInt32());
        return [.. (await ProductProcess.RunAsync("samples", "list", "--size", "1000", "--json", "--data", folder)).Json().GetProperty("requests").EnumerateArray().Select(static item => item.GetProperty("request"))];
    }
}
