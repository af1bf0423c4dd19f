using Streaming.Contracts;
using Streaming.Core.Sinks;
using Streaming.Testing.Engine;
using Streaming.Testing.Faults;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Elasticsearch.Tests.Faults;

/// <summary>Row 17: what the server says about a document decides by its status, whatever its name.</summary>
public sealed class UnknownErrorTests
{
    private static readonly int Documents = FaultCounts.Of(10_000, 1_000);

    [FaultRow(17)]
    [Fact]
    public async Task Row17_RandomErrorTypes_AreDeadByStatusAndNothingStops()
    {
        using var report = FaultReport.Begin(17);
        var (found, dead) = await RunAsync(static sink => sink);
        Assert.Empty(found);
        report.Seen($"{Documents} documents, {dead} of them refused with 40 invented types and 12 statuses: those {dead} dead, the others indexed");
    }

    [Fact]
    public async Task Row17_PlantedBug_IsFound() => Assert.NotEmpty((await RunAsync(static sink => new RefusesAllForOne(sink))).Violations);

    private static async Task<(List<string> Violations, int Dead)> RunAsync(Func<IDocumentSink, IDocumentSink> bug)
    {
        int[] statuses = [400, 402, 405, 406, 409, 410, 411, 412, 415, 418, 422, 451];
        var random = new Random(17);
        var refusals = new Dictionary<string, (int Status, string Type)>(StringComparer.Ordinal);
        for (var i = 0; i < Documents; i++)
        {
            if (random.Next(10) == 0)
                refusals.Add($"key-{i}", (statuses[random.Next(statuses.Length)], $"invented_{random.Next(40)}_exception"));
        }

        await using var server = new FakeElasticsearch
        {
            Fault = (_, _) => new BulkFault { Items = id => refusals.TryGetValue(id, out var refusal) ? (refusal.Status, refusal.Type) : null },
        };
        await using var sink = new ElasticsearchSink(new ElasticsearchOptions { StartTimeout = TimeSpan.FromMinutes(3), Urls = [server.Url], Alias = "docs", BackoffBase = TimeSpan.FromMilliseconds(1), BackoffCap = TimeSpan.FromMilliseconds(5) });
        await sink.StartAsync(CancellationToken.None);
        var world = new PipelineWorld(TestEngine.Create(), 2);
        world.DocumentSink = new WatchedSink(bug(sink), world.Ledger);
        world.Append(Documents);
        await using var source = world.Log.Consume();
        await world.StartAsync(source).WaitAsync(FaultWorld.Patience);

        var found = new List<string>(world.Ledger.Audit());
        var letters = world.Letters.Letters.Select(static letter => System.Text.Encoding.UTF8.GetString(letter.Key!)).ToHashSet(StringComparer.Ordinal);

        // 409 without a version conflict's name is as final as any other.
        found.AddRange(refusals.Keys.Where(id => !letters.Contains(id)).Select(static id => id + " was refused and is not dead"));
        found.AddRange(letters.Where(id => !refusals.ContainsKey(id)).Select(static id => id + " is dead and was not refused"));
        if (world.Letters.Letters.Any(static letter => letter.Code != ErrorCodes.SinkRejected))
            found.Add("a dead letter has another code");
        if (server.Count != Documents - refusals.Count)
            found.Add($"{server.Count} documents instead of {Documents - refusals.Count}");
        return (found, letters.Count);
    }
}
