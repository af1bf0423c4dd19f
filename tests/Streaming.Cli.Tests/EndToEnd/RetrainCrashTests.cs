using System.Text.RegularExpressions;
using Streaming.Adapters.Sqlite;
using Streaming.Core.Models.Registry;
using Streaming.Learning.Retraining;
using Streaming.Testing.Faults;
using Xunit.Abstractions;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>
/// Kills the real process at every step of a retraining: the registry stays whole, no label is lost, no retraining runs twice. A step
/// is a change in the registry's folder (a file made, moved, deleted), so the moments between writing and renaming are among them.
/// <c>STREAMING_FAULTS=full</c> kills a hundred times.
/// </summary>
[Collection(EndToEndGroup.Name)]
public sealed partial class RetrainCrashTests(ITestOutputHelper output)
{
    private const int LabelsAKill = 8;
    private const double GoldenRatio = 0.618_033_988_749_895;

    private static readonly int Kills = FaultCounts.Of(100, 3);

    [EnrichingFact]
    public async Task Retrain_KilledAtEveryStep_RegistryWholeNoLabelLostNothingTwice()
    {
        using var data = new DataFolderOfTest();
        await WeakModel.MakeAsync(data);
        var topology = data.WriteLines("crash.yaml",
        [
            "name: crash", $"model: {{bundle: {WeakModel.Name}, channel: stable}}", "source: {topics: [crash.raw]}", "chain: [decode, normalise, tokenise, encode, entities]",
            "retraining: {test: {entities: test.jsonl}, significance: 1, max_class_drop: 1, max_calibration_rise: 1, max_replay_change: 1, blend: {strategy: all, epochs: 2}}",
        ]);
        await LabelAsync(data, 0);
        await RetrainAsync(data, topology);
        await LabelAsync(data, 1);
        var steps = await ChangesAsync(data, () => RetrainAsync(data, topology));
        Assert.True(steps > 10, $"a retraining changes {steps} files only");
        var registry = new ModelRegistry(data.File("registry"), TimeProvider.System);
        var journal = new RetrainJournal(registry, "crash");
        var seen = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var cut = 0;

        var kills = 0;
        // On a machine that tells of changes late, a retraining may be over before it is killed: then once more.
        while (kills < Kills || (cut == 0 && kills < Kills + 10))
        {
            var kill = ++kills;
            await LabelAsync(data, kill + 1);
            await using var process = ProductProcess.Start(["retrain", topology, "--data", data.Path]);
            // Even over all changes and in no order; half of them a little behind the change, while the next one is being prepared.
            await KillAtAsync(data, process, 1 + (int)(steps * (kill * GoldenRatio % 1)), TimeSpan.FromMilliseconds(kill % 2 * 3));
            cut += (await process.EndAsync()).ExitCode > 1 ? 1 : 0;
            Assert.Empty(registry.Audit());
            foreach (var where in Where(registry, journal))
                seen[where] = seen.GetValueOrDefault(where) + 1;
        }

        if (journal.Read().Open is not null)
            await RetrainAsync(data, topology);
        await RetrainAsync(data, topology);

        var state = journal.Read();
        var events = registry.Channel(WeakModel.Name, ModelChannel.Stable).Events;
        var cycles = events.Where(static decided => decided.Cycle is not null).Select(static decided => decided.Cycle!).ToList();
        Assert.Empty(registry.Audit());
        Assert.Equal(cycles.Distinct(), cycles);
        Assert.Equal(state.Number, state.Finished.Count);
        Assert.Equal(Enumerable.Range(1, state.Number).Select(static number => $"crash-{number}"), state.Finished.Select(static finished => finished.Id));
        Assert.Equal((kills + 2) * LabelsAKill, state.Finished[^1].Labels);
        Assert.Equal((kills + 2) * LabelsAKill, journal.ReadLedger(state.Finished[^1].Id).Select(static line => line.Sample).Distinct().Count());
        Assert.True((await data.LogAsync("models.events")).Count >= events.Count, "a decision is not on the events topic");
        Assert.Empty(Directory.EnumerateDirectories(data.File("registry/retraining/work")));
        output.WriteLine($"{kills} kills over the {steps} changes of a retraining, {cut} of them cut one; {state.Number} retrainings, each decided once; left behind: {string.Join(", ", seen.Select(static pair => $"{pair.Key} {pair.Value}"))}");
        Assert.True(cut > 0, "no retraining was cut");
        if (FaultCounts.IsFull)
            Assert.Equal([.. Steps.Order(StringComparer.Ordinal)], seen.Keys);
    }

    private static readonly string[] Steps =
    [
        "begun", "bundle copied, not decided", "candidate half written", "candidate written", "decided, not finished", "features", "file written, not moved", "nothing open",
    ];

    /// <summary>At which step the disk says that it died.</summary>
    private static IEnumerable<string> Where(ModelRegistry registry, RetrainJournal journal)
    {
        if (Directory.EnumerateFiles(registry.Directory, "*.part", SearchOption.AllDirectories).Any())
            yield return "file written, not moved";
        if (journal.Read().Open is not { } open)
        {
            yield return "nothing open";
            yield break;
        }

        var work = journal.WorkFolder(open.Id);
        var folders = Directory.Exists(work) ? [.. Directory.EnumerateDirectories(work).Select(static folder => Path.GetFileName(folder))] : new List<string>();
        var channel = registry.Channel(WeakModel.Name, ModelChannel.Stable);
        yield return channel.Events.Any(decided => decided.Cycle == open.Id) ? "decided, not finished"
            : Directory.EnumerateDirectories(Path.Combine(registry.Directory, "bundles")).Any(folder => !channel.Before.Append(channel.Current).Contains(Path.GetFileName(folder))) ? "bundle copied, not decided"
            : folders.Contains("candidate") ? "candidate written"
            : folders.Count > 0 ? "candidate half written"
            : Directory.Exists(work) && Directory.EnumerateFiles(work, "*.bf16").Any() ? "features"
            : "begun";
    }

    private static async Task<int> ChangesAsync(DataFolderOfTest data, Func<Task> action)
    {
        using var watch = Watch(data, out var changes);
        await action();
        return changes();
    }

    private static async Task KillAtAsync(DataFolderOfTest data, ProductProcess process, int change, TimeSpan behind)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watch = Watch(data, out _, count =>
        {
            if (count != change)
                return;
            if (behind == TimeSpan.Zero)
                process.Kill();
            reached.TrySetResult();
        });
        await Task.WhenAny(reached.Task, process.EndAsync());
        await Task.Delay(behind);
        process.Kill();
    }

    private static FileSystemWatcher Watch(DataFolderOfTest data, out Func<int> changes, Action<int>? told = null)
    {
        var count = 0;
        var watch = new FileSystemWatcher(data.File("registry")) { IncludeSubdirectories = true, NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName };
        watch.Created += (_, change) => Tell(change.Name);
        watch.Renamed += (_, change) => Tell(change.Name);
        watch.Deleted += (_, change) => Tell(change.Name);
        watch.EnableRaisingEvents = true;
        changes = () => Volatile.Read(ref count);
        return watch;

        void Tell(string? name)
        {
            if (name is null || LockFile().IsMatch(name))
                return;
            var now = Interlocked.Increment(ref count);
            told?.Invoke(now);
        }
    }

    [GeneratedRegex(@"\.lock$")]
    private static partial Regex LockFile();

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
