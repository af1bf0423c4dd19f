using System.Text.Json;
using Streaming.Cli.Tests.Models;
using Streaming.Contracts;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Registry;
using Streaming.Learning.Promotion;
using Streaming.Testing.Fakes;
using Streaming.Testing.Servers;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>A candidate on its way into force while two processes of one group serve on a real broker.</summary>
[Collection(EndToEndGroup.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaRolloutTests(KafkaServer kafka) : IClassFixture<KafkaServer>
{
    private const string First = "1.0.0";
    private const string Second = "9.9.9";
    private const int Round = 20;

    // What stops a stage here is the number of documents alone: on a slow machine times say nothing, and the two models are one.
    private static readonly RolloutPlan Plan = new()
    {
        Mode = RolloutMode.Progressive, ShadowShare = 1, ShadowRate = 100_000, MaxOverhead = 10, ShadowDocuments = 60, CanaryShare = 0.5, CanaryDocuments = 150, MaxLatencyRatio = 1_000, MaxLabelShift = 1_000,
    };

    [ClusterFact("kafka")]
    public async Task Run_TwoProcesses_BothGoThroughEveryStageAndNoDocumentIsLost()
    {
        await using var pair = new KafkaPair(kafka, "rollout");
        var registry = new ModelRegistry(pair.Data.File("registry"), TimeProvider.System);
        await pair.StartAsync($"model: {{bundle: starter, channel: stable, registry: {registry.Directory}}}", "chain: [decode, normalise, tokenise, encode, sentiment]");
        await pair.ShareAsync();
        Assert.All(await RoundAsync(), static pair => Assert.Equal(First, pair.Value));

        var candidate = await registry.AddAsync(ModelBundle.Open(StarterCopy.Make(pair.Data.File("second"), Second)), default);
        await registry.BeginRolloutAsync(ModelChannel.Stable, candidate, Plan, new ModelDecision(ModelDecision.Person, ["I want to see it."]), default);
        await EachAsync("is being tried: shadow", "shadow");
        // What the shadow finds goes nowhere.
        var before = await UntilAsync(static now => now.Rollout?.Stage == RolloutStage.Canary);
        Assert.All(before.Settled.Values, static version => Assert.Equal(First, version));
        await EachAsync("is being tried: canary", "canary");

        // Fewer of them are the candidate's than end the stage: whoever reads them, each is served as its id says.
        var trial = new RolloutTrial("rollout", Now().Rollout!, [LabelTask.Sentiment], TimeProvider.System);
        var during = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var round = 0; round < 6; round++)
        {
            // Names of their own, so that their share is the same in every run, however many documents the shadow took.
            foreach (var (id, version) in await RoundAsync(index => $"canary-{round}-{index % Round}"))
                during.Add(id, version);
        }

        Assert.Equal(RolloutStage.Canary, Now().Rollout!.Stage);
        Assert.All(during, pair => Assert.Equal(trial.Serves(pair.Key) ? Second : First, pair.Value));
        Assert.InRange(during.Values.Count(static version => version == Second), 36, 84);
        Assert.All(before.Last, pair => Assert.True(pair.Value == First || trial.Serves(pair.Key), $"{pair.Key} was not the candidate's to serve"));

        var after = await UntilAsync(static now => now.Rollout is null);
        Assert.All(after.Settled, pair => Assert.Equal(trial.Serves(pair.Key) ? Second : First, pair.Value));
        Assert.All(after.Last, pair => Assert.True(pair.Value == Second || !trial.Serves(pair.Key), $"{pair.Key} was the candidate's to serve"));
        foreach (var client in pair.Clients)
            await Eventually.TrueAsync(async () => await KafkaPair.VersionAsync(client) == Second, () => "both processes to have switched" + pair.Said());
        Assert.All(await RoundAsync(), static pair => Assert.Equal(Second, pair.Value));

        Assert.Equal((candidate.Digest, ModelDecision.Rollout), (Now().Current, Now().InForce!.DecidedBy));
        Assert.Equal(
            [ModelEventKind.Promoted, ModelEventKind.Shadowed, ModelEventKind.Canaried, ModelEventKind.Promoted],
            Now().Events.Select(static decided => decided.Kind));
        Assert.Empty(registry.Audit());
        Assert.Equal(pair.Sent, pair.Index.Count);
        foreach (var process in pair.Processes)
        {
            process.Terminate();
            (await process.EndAsync()).Ok();
        }

        ModelChannel Now() => registry.Channel("starter", ModelChannel.Stable);

        // Sends so many documents, and gives the version that each was enriched with.
        async Task<Dictionary<string, string>> RoundAsync(Func<int, string>? name = null)
        {
            var ids = Enumerable.Range(pair.Sent, Round).Select(name ?? (static index => "d" + Make.Number(index))).ToList();
            await pair.SendAsync(ids.Select(static id => (id, $"The food was wonderful, and the staff at table {id} were kind.")));
            await pair.IndexedAsync();
            return ids.ToDictionary(static id => id, Version);
        }

        // Sends until the stage is over. What is in the index before that belongs to the stage; of the last round nobody knows.
        async Task<(Dictionary<string, string> Settled, Dictionary<string, string> Last)> UntilAsync(Func<ModelChannel, bool> isOver)
        {
            var settled = new Dictionary<string, string>(StringComparer.Ordinal);
            while (true)
            {
                var last = await RoundAsync();
                var now = Now();
                if (isOver(now))
                    return (settled, last);
                Assert.True(now.Rollout is not null, string.Join('\n', now.Events[^1].Reasons) + pair.Said());
                Assert.True(pair.Sent < 5_000, "the stage does not end" + pair.Said());
                foreach (var (id, version) in last)
                    settled.Add(id, version);
            }
        }

        async Task EachAsync(string says, string stage)
        {
            foreach (var (process, client) in pair.Processes.Zip(pair.Clients))
            {
                await process.SaysAsync(says);
                Assert.Equal(stage, (await KafkaPair.HistoryAsync(client)).GetProperty("trial").GetProperty("stage").GetString());
            }
        }

        string Version(string id)
        {
            using var document = pair.Index.Get(id)!;
            return document.RootElement.GetProperty("lineage").GetProperty("model_version").GetString()!;
        }
    }
}
