using System.Globalization;
using System.Text.RegularExpressions;
using Streaming.Testing.Faults;
using Streaming.Testing.Servers;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>Row 19 on the real process: a sink that takes everything and answers nothing.</summary>
[Collection(EndToEndGroup.Name)]
public sealed partial class StalledSinkTests
{
    private const int Bound = 500;
    private const long MemoryLimit = 512L << 20;
    private static readonly int Documents = FaultCounts.Of(20_000, 2_000);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    // Warm is a process whose memory has reached no new height for so long, and by more than this; one that leaks never is, or grows too much afterwards.
    private static readonly TimeSpan Level = TimeSpan.FromSeconds(FaultCounts.Of(60, 3));
    private const double Rise = 1.005;

    [FaultRow(19)]
    [EnrichingFact]
    public async Task Run_SinkStalls_ReadingStopsMemoryStaysAndNothingIsLost()
    {
        using var report = FaultReport.Begin(19);
        using var data = new DataFolderOfTest();
        var stalled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new FakeElasticsearch { Fault = (_, _) => stalled.Task.IsCompleted ? null : new BulkFault { Until = stalled.Task } };
        (await ProductProcess.RunAsync("ingest", data.WriteLines("short.jsonl", ShortTexts.Lines(Documents)), "--data", data.Path)).Ended(0);
        await using var process = ProductProcess.Start(
            ["run", Product.Minimal, "--port", "0", "--data", data.Path],
            new Dictionary<string, string>
            {
                ["STREAMING_ELASTICSEARCH_URL"] = server.Url.ToString(),
                ["STREAMING__BATCHING__MAX_QUEUE_SIZE"] = Bound.ToString(CultureInfo.InvariantCulture),
            });
        using var http = new HttpClient { BaseAddress = DemoTests.AddressIn(await process.SaysAsync("http://")) };

        // Full, and the model has nothing left to do: from here on nothing moves.
        await Eventually.TrueAsync(() => AtRestAsync(http), "a full pipeline at rest");
        var tokens = await GaugeAsync(http, "streaming_tokens_total");
        var stalledAt = TimeProvider.System.GetTimestamp();
        var before = await LevelAsync(http, process);
        var warm = TimeProvider.System.GetElapsedTime(stalledAt);
        var most = before;
        var began = TimeProvider.System.GetTimestamp();
        for (var poll = 0; poll < 20 || (FaultCounts.IsFull && TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(10)); poll++)
        {
            await Task.Delay(Poll);
            Assert.Equal(Bound, await GaugeAsync(http, "streaming_in_flight_documents"));
            most = Math.Max(most, Resident(process));
        }

        Assert.Equal(tokens, await GaugeAsync(http, "streaming_tokens_total"));
        Assert.Equal(0, server.Count);
        Assert.True(most < MemoryLimit, $"{most} bytes resident");
        Assert.True(most <= before * 1.05, $"memory grew from {before} to {most} bytes while nothing could be written");
        stalled.SetResult();
        await Eventually.TrueAsync(() => Task.FromResult(server.Count == Documents), "every document");
        process.Terminate();
        (await process.EndAsync()).Ended(0);
        report.Seen(string.Create(
            CultureInfo.InvariantCulture,
            $"whole process, stalled for {(FaultCounts.IsFull ? "10 min" : "2 s")}: {Bound} of {Documents} documents held, resident memory {before >> 20} MB once level (after {warm.TotalSeconds:F0} s) and {(100.0 * (most - before) / before):F1} % more at its most, all {Documents} indexed afterwards"));
    }

    /// <summary>Polls until memory is level, and gives its height.</summary>
    private static async Task<long> LevelAsync(HttpClient http, ProductProcess process)
    {
        var began = TimeProvider.System.GetTimestamp();
        var since = began;
        var height = Resident(process);
        while (TimeProvider.System.GetElapsedTime(since) < Level)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < 5 * Level + ProductProcess.Patience, $"memory rises on and on while nothing can be written; it is at {height} bytes");
            await Task.Delay(Poll);
            await GaugeAsync(http, "streaming_in_flight_documents");
            if (Resident(process) is var now && now > height * Rise)
                (height, since) = (now, TimeProvider.System.GetTimestamp());
        }

        return height;
    }

    /// <summary>Each of the documents it holds has been through the model, alone or by its twin, and every batch is decoded.</summary>
    private static async Task<bool> AtRestAsync(HttpClient http) =>
        await GaugeAsync(http, "streaming_in_flight_documents") == Bound
        && await GaugeAsync(http, "streaming_batch_size_sum") + Math.Max(0, await GaugeAsync(http, "streaming_documents_shared_total")) >= Bound
        && await GaugeAsync(http, "streaming_decode_duration_seconds_count") == await GaugeAsync(http, "streaming_batch_size_count");

    private static async Task<double> GaugeAsync(HttpClient http, string name)
    {
        var line = (await http.GetStringAsync("/metrics")).Split('\n').FirstOrDefault(line => line.StartsWith(name + "{", StringComparison.Ordinal));
        return line is null ? -1 : double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    private static long Resident(ProductProcess process) =>
        long.Parse(VmRss().Match(File.ReadAllText($"/proc/{process.Id}/status")).Groups["kb"].Value, CultureInfo.InvariantCulture) << 10;

    [GeneratedRegex(@"VmRSS:\s+(?<kb>\d+) kB")]
    private static partial Regex VmRss();
}
