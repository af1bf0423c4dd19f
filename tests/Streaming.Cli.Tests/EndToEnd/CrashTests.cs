using System.Net.Http.Json;
using System.Text.Json;
using Streaming.Adapters.Sqlite;
using Streaming.Testing.Faults;
using Xunit.Abstractions;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>
/// Kills the real process, and asks the ledger: nothing lost, nothing twice, every document as in a run without faults.
/// <c>STREAMING_FAULTS=full</c> takes ten times as much.
/// </summary>
[Collection(EndToEndGroup.Name)]
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int Seed = 20_260;
    private static readonly bool Full = Environment.GetEnvironmentVariable("STREAMING_FAULTS") == "full";
    private static readonly int Documents = Full ? 50_000 : 5_000;
    private static readonly int Kills = Full ? 200 : 20;
    private static readonly int Stops = Full ? 50 : 10;

    // Small steps, so that a fast machine can't be through before it is killed as often as it should.
    private static readonly Dictionary<string, string> SmallSteps = new() { ["STREAMING__BATCHING__MAX_QUEUE_SIZE"] = "64" };

    [EnrichingFact]
    public async Task RunOnce_KilledAtRandomPoints_LosesNothingDuplicatesNothingChangesNothing()
    {
        var random = new Random(Seed);
        using var faulty = new DataFolderOfTest();
        await IngestAsync(faulty);
        long best = 0, replays = 0, atStart = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            await using var process = ProductProcess.Start(["run", Product.Minimal, "--once", "--data", faulty.Path], SmallSteps);
            if (kill % 5 == 0)
            {
                // In the middle of starting, loading the model, or the first batches.
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(400)));
                atStart++;
            }
            else
            {
                await ReachedAsync(faulty, process, PointOf(kill, Kills, random));
            }

            Assert.False(process.HasEnded, $"the run ended before kill {kill}: {process.Error}");
            process.Kill();
            Assert.True((await process.EndAsync()).ExitCode > 128);
            var status = await faulty.StatusAsync();
            var done = status?.Outcomes.Total ?? 0;
            Assert.True(done >= best, $"after kill {kill} fewer are done ({done}) than before it ({best})");
            Assert.Equal(done, await faulty.CountAsync());
            best = done;
        }

        var last = await RunOnceAsync(faulty);
        replays = best + last.GetProperty("indexed").GetInt64() - Documents;
        await HoldsAsync(faulty, "SIGKILL", Kills, replays, $"{atStart} while starting; {best} of {Documents} were done at the last");
    }

    [EnrichingFact]
    public async Task RunOnce_StoppedMidStream_DrainsInTimeAndReplaysNothing()
    {
        var random = new Random(Seed + 1);
        using var data = new DataFolderOfTest();
        await IngestAsync(data);
        long indexed = 0;
        var longest = TimeSpan.Zero;
        for (var stop = 0; stop < Stops; stop++)
        {
            await using var process = ProductProcess.Start(["run", Product.Minimal, "--once", "--json", "--data", data.Path], SmallSteps);
            // Before it says so, nobody listens for the signal yet.
            await process.SaysAsync("running ");
            await ReachedAsync(data, process, Math.Max((int)indexed + 1, PointOf(stop, Stops, random)));
            var began = TimeProvider.System.GetTimestamp();
            process.Terminate();
            var result = (await process.EndAsync()).Ended(0);
            var took = TimeProvider.System.GetElapsedTime(began);
            longest = took > longest ? took : longest;
            indexed += JsonDocument.Parse(result.Out).RootElement.GetProperty("indexed").GetInt64();
            Assert.Equal(indexed, (await data.StatusAsync())!.Outcomes.Indexed);
        }

        indexed += (await RunOnceAsync(data)).GetProperty("indexed").GetInt64();
        Assert.Equal(Documents, indexed);
        // The bound is the product's own: it gives up a drain after 25 s; an orchestrator would kill after 30.
        Assert.True(FaultReport.IsWithin(longest, TimeSpan.FromSeconds(30)), $"a drain took {longest}");
        await HoldsAsync(data, "SIGTERM", Stops, indexed - Documents, $"longest drain {longest.TotalSeconds:0.00} s");
    }

    [EnrichingFact]
    public async Task Ingest_Killed_KeepsAPrefixOfTheLinesAndTakesTheRestAgain()
    {
        const int Lines = 60_000;
        var random = new Random(Seed + 2);
        var body = ShortTexts.Bytes(Lines);
        for (var round = 0; round < 3; round++)
        {
            using var data = new DataFolderOfTest();
            await using (var process = ProductProcess.Start(["ingest", "-", "--format", "jsonl", "--data", data.Path]))
            {
                var writing = process.WriteAsync(body);
                // So much is in the log ahead of the store by then, in the middle of some batch.
                var bytes = random.Next(1 << 18, 1 << 22);
                await Eventually.TrueAsync(() => Task.FromResult(process.HasEnded || new FileInfo(data.File(EmbeddedStore.FileName + "-wal")) is { Exists: true } log && log.Length > bytes), "lines in the store");
                process.Kill();
                await process.EndAsync();
                await writing;
            }

            // What is there is whole and in order: no line is missing below the last one stored.
            var kept = await KeptAsync(data);
            output.WriteLine($"SIGKILL in ingest: the first {kept} of {Lines} lines are there, none beyond, none twice");
            Assert.True(kept > 0);
        }
    }

    [EnrichingFact]
    public async Task HttpIngest_KilledBehindTheAnswer_HasEveryAcknowledgedMessage()
    {
        using var data = new DataFolderOfTest();
        var acknowledged = new List<string>();
        for (var round = 0; round < 3; round++)
        {
            await using var process = ProductProcess.Start(["run", Product.Minimal, "--port", "0", "--data", data.Path]);
            using var http = new HttpClient { BaseAddress = DemoTests.AddressIn(await process.SaysAsync("http://")) };
            for (var batch = 0; batch < 5; batch++)
            {
                var messages = Enumerable.Range(0, 40).Select(i => new { id = $"ack-{round}-{batch}-{i}", text = $"Order {i} from Lisbon arrived late." }).ToList();
                using var answer = await http.PostAsJsonAsync("/v1/topics/text.raw/messages", messages);
                Assert.Equal(System.Net.HttpStatusCode.OK, answer.StatusCode);
                acknowledged.AddRange(messages.Select(static message => message.id));
            }

            process.Kill();
            await process.EndAsync();
        }

        await RunOnceAsync(data);
        Assert.Equal(acknowledged, (await data.DocumentsAsync(acknowledged)).Keys);
        Assert.Equal(acknowledged.Count, await data.CountAsync());
        output.WriteLine($"SIGKILL behind the answer: {acknowledged.Count} acknowledged, {acknowledged.Count} indexed, 0 lost, 0 duplicated");
    }

    private static int PointOf(int index, int of, Random random) => (int)((index + random.NextDouble()) * (Documents * 0.8) / of);

    private static async Task IngestAsync(DataFolderOfTest data)
    {
        var file = data.WriteLines("short.jsonl", ShortTexts.Lines(Documents));
        var result = (await ProductProcess.RunAsync("ingest", file, "--json", "--data", data.Path)).Ended(0);
        Assert.Equal(Documents, JsonDocument.Parse(result.Out).RootElement.GetProperty("written").GetInt32());
    }

    private static async Task<JsonElement> RunOnceAsync(DataFolderOfTest data)
    {
        var result = (await ProductProcess.RunAsync("run", Product.Minimal, "--once", "--json", "--data", data.Path)).Ended(0);
        return JsonDocument.Parse(result.Out).RootElement;
    }

    private static Task ReachedAsync(DataFolderOfTest data, ProductProcess process, int documents) =>
        Eventually.TrueAsync(async () => process.HasEnded || (await data.StatusAsync())?.Outcomes.Total >= documents, $"{documents} documents; it said: {process.Error}");

    private async Task HoldsAsync(DataFolderOfTest data, string fault, int faults, long replays, string more)
    {
        var ids = Enumerable.Range(0, Documents).Select(ShortTexts.Id).ToList();
        var reference = await Reference.Value;
        var documents = await data.DocumentsAsync(ids);
        var count = await data.CountAsync();
        var changed = ids.Count(id => documents.TryGetValue(id, out var made) && made != reference[id]);
        output.WriteLine($"{fault}: {faults} in a run of {Documents} documents; lost {Documents - documents.Count}, duplicated {count - documents.Count}, changed {changed}, replayed into the store {replays}; {more}");

        Assert.Equal(Documents, documents.Count);
        Assert.Equal(Documents, count);
        Assert.Equal(0, replays);
        foreach (var id in ids)
            Assert.Equal(reference[id], documents[id]);
        var status = JsonDocument.Parse((await ProductProcess.RunAsync("status", "--json", "--data", data.Path)).Ended(0).Out).RootElement;
        Assert.Equal(Documents, status.GetProperty("ingested").GetInt64());
        Assert.Equal(Documents, status.GetProperty("indexed").GetInt64());
        Assert.All((string[])["dead_lettered", "filtered", "deleted", "backlog"], name => Assert.Equal(0, status.GetProperty(name).GetInt64()));
    }

    private static async Task<int> KeptAsync(DataFolderOfTest data)
    {
        var log = await data.LogAsync("text.raw");
        Assert.Equal(Enumerable.Range(0, log.Count).Select(ShortTexts.Id).Order(StringComparer.Ordinal), log.Order(StringComparer.Ordinal));
        var again = ShortTexts.Bytes(log.Count + 100);
        await ProductProcess.RunAsync(["ingest", "-", "--format", "jsonl", "--data", data.Path], null, again);
        Assert.Equal(log.Count + 100, (await data.LogAsync("text.raw")).Distinct(StringComparer.Ordinal).Count());
        return log.Count;
    }

    /// <summary>What a run without faults makes of the same texts; made once.</summary>
    private static readonly Lazy<Task<Dictionary<string, string>>> Reference = new(async () =>
    {
        using var data = new DataFolderOfTest();
        await IngestAsync(data);
        await RunOnceAsync(data);
        return await data.DocumentsAsync(Enumerable.Range(0, Documents).Select(ShortTexts.Id));
    });
}
