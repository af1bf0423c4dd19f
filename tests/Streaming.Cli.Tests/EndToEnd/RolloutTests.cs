using System.Text.Json;
using Streaming.Cli.Tests.Models;
using Streaming.Core.Models.Registry;
using Streaming.Learning.Promotion;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>A candidate on its way into force in the real process, which is killed in the middle of it.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class RolloutTests
{
    private const string Second = "9.9.9";

    [EnrichingFact]
    public async Task Run_KilledDuringACanary_GoesOnWithTheSameStageAndPromotes()
    {
        using var data = new DataFolderOfTest();
        var registry = new ModelRegistry(data.File("registry"), TimeProvider.System);
        var topology = data.WriteLines("canary.yaml",
        [
            "name: canary", "model: {bundle: starter, channel: stable}", "source: {topics: [canary.raw]}", "chain: [decode, normalise, tokenise, encode, sentiment]",
        ]);
        (await ProductProcess.RunAsync("models", "promote", "starter", "--data", data.Path)).Ok();
        var tried = (await ProductProcess.RunAsync("models", "promote", StarterCopy.Make(data.File("second"), Second), "--canary", "--share", "0.5", "--documents", "40", "--data", data.Path, "--json")).Json();
        Assert.Equal("canary", tried.GetProperty("trial").GetProperty("stage").GetString());

        await IngestAsync(data, 0, 40);
        await using (var first = ProductProcess.Start(["run", topology, "--no-server", "--data", data.Path]))
        {
            await Eventually.TrueAsync(() => Task.FromResult(RolloutControl.Evidence(registry, "starter", ModelChannel.Stable, Now().Rollout!).Candidate.Documents > 0), "the first documents of the candidate, written down");
            first.Kill();
            await first.EndAsync();
        }

        Assert.Equal(RolloutStage.Canary, Now().Rollout!.Stage);
        Assert.Empty(registry.Audit());

        await IngestAsync(data, 40, 160);
        await using var second = ProductProcess.Start(["run", topology, "--no-server", "--data", data.Path]);
        await second.SaysAsync($"starter {Second} is in force");
        await Eventually.TrueAsync(async () => await data.CountAsync() == 200, "all documents");
        await IngestAsync(data, 200, 20);
        await Eventually.TrueAsync(async () => await data.CountAsync() == 220, "the documents after the promotion");

        var now = Now();
        Assert.Equal((Second, null, ModelDecision.Rollout), (now.InForce!.Version, now.Rollout, now.InForce.DecidedBy));
        Assert.Empty(registry.Audit());
        var versions = (await data.DocumentsAsync(Enumerable.Range(0, 220).Select(Id))).ToDictionary(
            static pair => pair.Key, static pair => JsonElement.Parse(pair.Value).GetProperty("lineage").GetProperty("model_version").GetString());
        Assert.Equal(220, versions.Count);
        Assert.Equal(2, versions.Values.Distinct().Count());
        Assert.All(Enumerable.Range(200, 20), index => Assert.Equal(Second, versions[Id(index)]));
        second.Terminate();
        (await second.EndAsync()).Ok();

        ModelChannel Now() => registry.Channel("starter", ModelChannel.Stable);
    }

    private static string Id(int index) => "d" + Testing.Fakes.Make.Number(index);

    private static async Task IngestAsync(DataFolderOfTest data, int first, int count)
    {
        var file = data.WriteLines($"in-{first}.jsonl", Enumerable.Range(first, count).Select(static index => $$"""{"id":"{{Id(index)}}","text":"The food was wonderful, and the staff were kind."}"""));
        (await ProductProcess.RunAsync("ingest", file, "--topic", "canary.raw", "--data", data.Path)).Ok();
    }
}
