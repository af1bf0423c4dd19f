using Streaming.Adapters.Sqlite;
using Streaming.Core.Models.Registry;
using Streaming.Learning.Retraining;
using Xunit.Abstractions;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>
/// Kills the real process at any step of a retraining: the registry stays whole, no label is lost, no retraining runs twice.
/// <c>STREAMING_FAULTS=full</c> kills a hundred times.
/// </summary>
[Collection(EndToEndGroup.Name)]
public sealed class RetrainCrashTests(ITestOutputHelper output)
{
    private const int LabelsAKill = 8;

    private static readonly int Kills = Environment.GetEnvironmentVariable("STREAMING_FAULTS") == "full" ? 100 : 3;

    [EnrichingFact]
    public async Task Retrain_KilledAtRandomPoints_RegistryWholeNoLabelLostNothingTwice()
    {
        var random = new Random(20_261);
        using var data = new DataFolderOfTest();
        await WeakModel.MakeAsync(data);
        var topology = data.WriteLines("crash.yaml",
        [
            "name: crash", $"model: {{bundle: {WeakModel.Name}, channel: stable}}", "source: {topics: [crash.raw]}", "chain: [decode, normalise, tokenise, encode, entities]",
            "retraining: {test: {entities: test.jsonl}, significance: 1, max_class_drop: 1, max_replay_change: 1, blend: {strategy: all, epochs: 2}}",
        ]);
        await LabelAsync(data, 0);
        var started = TimeProvider.System.GetTimestamp();
        await RetrainAsync(data, topology);
        var whole = TimeProvider.System.GetElapsedTime(started);
        var registry = new ModelRegistry(data.File("registry"), TimeProvider.System);
        var journal = new RetrainJournal(registry, "crash");
        var cut = 0;

        for (var kill = 1; kill <= Kills; kill++)
        {
            await LabelAsync(data, kill);
            await using var process = ProductProcess.Start(["retrain", topology, "--data", data.Path]);
            await Task.Delay(whole * random.NextDouble());
            cut += process.HasEnded ? 0 : 1;
            process.Kill();
            await process.EndAsync();
            Assert.Empty(registry.Audit());
        }

        if (journal.Read().Open is not null)
            await RetrainAsync(data, topology);
        await RetrainAsync(data, topology);

        var state = journal.Read();
        var cycles = registry.Channel(WeakModel.Name, ModelChannel.Stable).Events.Where(static decided => decided.Cycle is not null).Select(static decided => decided.Cycle!).ToList();
        Assert.Empty(registry.Audit());
        Assert.Equal(cycles.Distinct(), cycles);
        Assert.Equal(state.Number, state.Finished.Count);
        Assert.Equal(Enumerable.Range(1, state.Number).Select(static number => $"crash-{number}"), state.Finished.Select(static finished => finished.Id));
        Assert.Equal((Kills + 1) * LabelsAKill, state.Finished[^1].Labels);
        Assert.Equal((Kills + 1) * LabelsAKill, journal.ReadLedger(state.Finished[^1].Id).Select(static line => line.Sample).Distinct().Count());
        Assert.True(cut > 0, "no retraining was cut");
        output.WriteLine($"{Kills} kills, {cut} of them in the middle of a retraining; {state.Number} retrainings, each decided once");
    }

    private static async Task RetrainAsync(DataFolderOfTest data, string topology)
    {
        var ended = await ProductProcess.RunAsync("retrain", topology, "--json", "--data", data.Path);
        Assert.True(ended.ExitCode is 0 or 1, ended.Error);
    }

    private static async Task LabelAsync(DataFolderOfTest data, int round)
    {
        await using var store = await EmbeddedStore.OpenAsync(data.File(EmbeddedStore.FileName), null, TimeProvider.System, default);
        await store.Samples.AddSamplesAsync([.. Enumerable.Range(round * LabelsAKill, LabelsAKill).Select(static index => WeakModel.Sample(index, "crash"))], default);
    }
}
