using System.Globalization;
using Streaming.Contracts;
using Streaming.Core.Sinks;
using Streaming.Testing.Engine;
using Streaming.Testing.Faults;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Elasticsearch.Tests.Faults;

/// <summary>
/// The fault table's rows about the index, on a real server. Each row is a scenario that lists what is wrong at its end; with a
/// planted bug it must find something.
/// </summary>
[Collection(FaultServerCollection.Name)]
[Trait("Category", "Integration")]
public sealed class ElasticsearchFaultTests(FaultServer server)
{
    private static readonly int Documents = FaultCounts.Of(10_000, 600);

    [FaultRow(3)]
    [IntegrationFact("elasticsearch")]
    public Task Row03_AnswersWithheld_NothingIsCommitted() => HoldsAsync(3, WithheldAsync, $"Elasticsearch: {Rounds} times withheld, committed advance 0");

    [FaultRow(11)]
    [IntegrationFact("elasticsearch")]
    public Task Row11_AwayWith503_NoDeadLetter() => HoldsAsync(11, bug => AwayAsync(503, bug), $"Elasticsearch: 503 for {Outage}, 0 dead of {Documents}");

    [FaultRow(12)]
    [IntegrationFact("elasticsearch")]
    public Task Row12_SomeItemsRefused_OnlyTheyAreDeadAndNoneIsSentTwice() => HoldsAsync(12, ItemErrorsAsync, $"Elasticsearch: every 10th of {Documents} refused by the mapping, 0 stored items resent");

    [FaultRow(13)]
    [IntegrationTheory("elasticsearch")]
    [InlineData(429)]
    [InlineData(503)]
    public async Task Row13_AllRefusedForLoad_FewRequestsAndSoonBack(int status)
    {
        using var report = FaultReport.Begin(13);
        var (requests, back, violations) = await OverloadAsync(status, static options => options);
        Assert.Empty(violations);
        report.Seen(string.Create(CultureInfo.InvariantCulture, $"Elasticsearch: {requests} requests in {Outage} of {status}, back in {back.TotalSeconds:F1} s"));
    }

    [FaultRow(14)]
    [IntegrationFact("elasticsearch")]
    public Task Row14_OneHugeDocument_IsFoundByHalving() => HoldsAsync(14, HugeAsync, "Elasticsearch with 1 MiB: one culprit of 256 found in at most 17 requests, 255 indexed");

    [FaultRow(15)]
    [IntegrationTheory("elasticsearch")]
    [InlineData("index.blocks.read_only_allow_delete")]
    [InlineData("index.blocks.write")]
    public Task Row15_FloodStage_WaitsSaysSoOnceAndGoesOn(string block) => HoldsAsync(15, bug => FloodAsync(block, bug), $"Elasticsearch: {block} for {(FaultCounts.IsFull ? "5 min" : "five refusals")}, 0 dead, memory flat");

    [FaultRow(16)]
    [IntegrationFact("elasticsearch")]
    public Task Row16_ReplayFromTheStart_ChangesNothing() => HoldsAsync(16, ReplayAsync, $"Elasticsearch: {Documents} replayed from 0, 0 dead, 0 regressions");

    [FaultRow(18)]
    [IntegrationFact("elasticsearch")]
    public Task Row18_AnswersLostAndCut_NothingLostOrDoubled() => HoldsAsync(18, LostAnswersAsync, $"Elasticsearch: {6 * Rounds} answers lost, cut or replaced, {Rounds} outages, 0 duplicates, 0 lost of {Documents}");

    [FaultRow(19)]
    [IntegrationFact("elasticsearch")]
    public Task Row19_StalledSink_MemoryIsBounded() => HoldsAsync(19, StalledAsync, $"Elasticsearch stalled{(FaultCounts.IsFull ? " for 10 min" : "")}: reading stops within the bound, memory grows below 5 %");

    public static TheoryData<int, string> Bugs => new()
    {
        { 3, nameof(AcknowledgesEarly) },
        { 11, nameof(TakesOutageForPoison) },
        { 12, nameof(IgnoresItemStatus) },
        { 12, nameof(SendsEverythingTwice) },
        { 13, "hammers" },
        { 14, nameof(RefusesAllForOne) },
        { 15, nameof(TakesOutageForPoison) },
        { 16, nameof(TakesConflictForError) },
        { 16, nameof(ForgetsVersions) },
        { 18, nameof(TakesConflictForError) },
        { 18, nameof(AcknowledgesEarly) },
        { 19, nameof(AcknowledgesEarly) },
    };

    [IntegrationTheory("elasticsearch")]
    [MemberData(nameof(Bugs))]
    public async Task Row_PlantedBug_IsFound(int row, string bug)
    {
        if (row == 13)
        {
            Assert.NotEmpty((await OverloadAsync(429, static options => options with { BackoffBase = TimeSpan.FromMilliseconds(1), BackoffCap = TimeSpan.FromMilliseconds(1) }, hammers: true)).Violations);
            return;
        }

        Func<FaultWorld, IDocumentSink, IDocumentSink> plant = bug switch
        {
            nameof(AcknowledgesEarly) => static (_, sink) => new AcknowledgesEarly(sink),
            nameof(TakesOutageForPoison) => static (world, sink) => new TakesOutageForPoison(sink, () => world.Heard("elasticsearch_overloaded") + world.Heard("elasticsearch_blocked") > 0),
            nameof(IgnoresItemStatus) => static (_, sink) => new IgnoresItemStatus(sink),
            nameof(SendsEverythingTwice) => static (_, sink) => new SendsEverythingTwice(sink),
            nameof(RefusesAllForOne) => static (_, sink) => new RefusesAllForOne(sink),
            nameof(TakesConflictForError) => static (_, sink) => new TakesConflictForError(sink),
            _ => static (_, sink) => new ForgetsVersions(sink),
        };
        Func<Func<FaultWorld, IDocumentSink, IDocumentSink>?, Task<List<string>>> scenario = row switch
        {
            3 => WithheldAsync,
            11 => planted => AwayAsync(503, planted),
            12 => ItemErrorsAsync,
            14 => HugeAsync,
            15 => planted => FloodAsync("index.blocks.write", planted),
            16 => ReplayAsync,
            18 => LostAnswersAsync,
            _ => StalledAsync,
        };
        // Some show only when the moments fall so: then once more.
        var found = await scenario(plant);
        for (var again = 0; again < 5 && found.Count == 0; again++)
            found = await scenario(plant);
        Assert.NotEmpty(found);
    }

    private static int Rounds => FaultCounts.Of(20, 2);

    private static string Outage => FaultCounts.IsFull ? "60 s" : "five refusals";

    private static async Task HoldsAsync(int row, Func<Func<FaultWorld, IDocumentSink, IDocumentSink>?, Task<List<string>>> scenario, string seen)
    {
        using var report = FaultReport.Begin(row);
        Assert.Empty(await scenario(null));
        report.Seen(seen);
    }

    /// <summary>As long as the table says, or until it has been refused a few times.</summary>
    private static Task LastAsync(FaultWorld world, Task run, TimeSpan full) =>
        FaultCounts.IsFull ? Task.WhenAny(run, Task.Delay(full)) : FaultWorld.UntilAsync(() => world.Proxy.Requests >= 5 || run.IsCompleted, "a few refusals");

    private async Task<List<string>> WithheldAsync(Func<FaultWorld, IDocumentSink, IDocumentSink>? bug)
    {
        var found = new List<string>();
        for (var round = 0; round < Rounds; round++)
        {
            await using var world = await FaultWorld.OpenAsync(server, bug: bug);
            world.Pipeline.Append(300);
            world.Proxy.WithholdAnswers();
            var run = world.RunAsync();

            // The bound is reached or everything is read, and the server has what was sent.
            await FaultWorld.UntilAsync(() => world.Proxy.Requests > 0 && world.Pipeline.Progress.Snapshot().Read == 300, "a request under way");
            await Task.WhenAny(run, bug is null ? Task.Delay(world.Pipeline.Delivery.CommitInterval * 10) : FaultWorld.UntilAsync(() => world.Pipeline.Log.TotalCommitted > 0, "a commit"));
            if (world.Pipeline.Log.TotalCommitted > 0)
                found.Add($"{world.Pipeline.Log.TotalCommitted} committed while no answer had come");
            world.Proxy.Resume();
            await run;
            found.AddRange(await world.AuditAsync());
        }

        return found;
    }

    private async Task<List<string>> AwayAsync(int status, Func<FaultWorld, IDocumentSink, IDocumentSink>? bug)
    {
        await using var world = await FaultWorld.OpenAsync(server, bug: bug);
        world.Pipeline.Append(Documents);
        world.Proxy.AnswerAll("_bulk", status);
        var run = world.RunAsync();
        await LastAsync(world, run, TimeSpan.FromSeconds(60));
        world.Proxy.AnswerNone();
        await run;
        var found = new List<string>(await world.AuditAsync());
        if (world.Heard("elasticsearch_overloaded") != 1 || world.Heard("elasticsearch_back") != 1)
            found.Add("the outage was not told once, and its end once");
        return found;
    }

    private async Task<List<string>> ItemErrorsAsync(Func<FaultWorld, IDocumentSink, IDocumentSink>? bug)
    {
        static bool IsBad(string id) => id.EndsWith('7');
        await using var world = await FaultWorld.OpenAsync(server, bug: (world, sink) =>
        {
            var spoiled = new Spoils(sink, IsBad, static document => document with { Entities = [new EntityAnnotation("T", "x", 0, 1, double.MaxValue)] });
            return bug?.Invoke(world, spoiled) ?? spoiled;
        });
        world.Pipeline.Append(Documents);
        await world.RunAsync();
        var found = new List<string>(await world.AuditAsync(Documents / 10));
        if (world.Sink.Superseded > 0)
            found.Add($"{world.Sink.Superseded} stored documents were sent again");
        if (world.Pipeline.Letters.Letters.Any(static letter => letter.Code != ErrorCodes.SinkRejected || letter.Stage != "sink"))
            found.Add("a dead letter does not say that the sink refused it");
        return found;
    }

    private async Task<(int Requests, TimeSpan Back, List<string> Violations)> OverloadAsync(int status, Func<ElasticsearchOptions, ElasticsearchOptions> change, bool hammers = false)
    {
        // The waits of the product itself.
        var defaults = new ElasticsearchOptions { Urls = [], Alias = "" };
        await using var world = await FaultWorld.OpenAsync(server, options => change(options with { BackoffBase = defaults.BackoffBase, BackoffCap = defaults.BackoffCap }));
        world.Pipeline.Append(Documents);
        world.Proxy.AnswerAll("_bulk", status);
        var run = world.RunAsync();
        if (FaultCounts.IsFull)
            await Task.Delay(TimeSpan.FromSeconds(60));
        else
            await Task.WhenAny(FaultWorld.UntilAsync(() => world.Proxy.Requests > 30, "requests"), hammers ? run : Task.Delay(TimeSpan.FromSeconds(5)));
        var requests = world.Proxy.Requests;
        world.Proxy.AnswerNone();
        var lifted = TimeProvider.System.GetTimestamp();
        await FaultWorld.UntilAsync(() => world.Sink.Answered > 0, "the first answer");
        var back = TimeProvider.System.GetElapsedTime(lifted);
        await run;
        var found = new List<string>(await world.AuditAsync());
        if (requests > 30)
            found.Add($"{requests} requests");
        if (!FaultReport.IsWithin(back, TimeSpan.FromSeconds(10)))
            found.Add($"back after {back}");
        return (requests, back, found);
    }

    private async Task<List<string>> HugeAsync(Func<FaultWorld, IDocumentSink, IDocumentSink>? bug)
    {
        const int Count = 256;
        var most = (2 * (int)Math.Log2(Count)) + 1;
        await using var world = await FaultWorld.OpenAsync(server, static options => options with { MaxBulkDocuments = 1_000, MaxBulkBytes = 64 << 20, MaxConcurrentBulks = 1 }, (world, sink) =>
        {
            var spoiled = new Spoils(sink, static id => id == "key-85", static document => document with { Text = new string('x', 3 << 20) });
            return bug?.Invoke(world, spoiled) ?? spoiled;
        });

        // All of them in one write, as in one bulk of the usual size.
        world.Pipeline.Delivery = world.Pipeline.Delivery with { MaxWriteSize = 1_000 };
        world.Pipeline.Append(Count);
        await world.RunAsync();
        var found = new List<string>(await world.AuditAsync(1));

        // Bulks without the culprit are no part of its price.
        var price = world.Proxy.Requests - world.Sink.Calls + 1;
        if (price > most)
            found.Add($"{price} requests for one culprit, at most {most} are allowed");
        return found;
    }

    private async Task<List<string>> FloodAsync(string block, Func<FaultWorld, IDocumentSink, IDocumentSink>? bug)
    {
        await using var world = await FaultWorld.OpenAsync(server, bug: bug);
        world.Pipeline.Append(Documents);
        await world.SetAsync(block, true);
        var run = world.RunAsync();
        await FaultWorld.UntilAsync(() => world.Heard("elasticsearch_blocked") > 0 || run.IsCompleted, "a word about the block");
        await FaultWorld.UntilAsync(() => world.Proxy.Requests >= 5 || run.IsCompleted, "a few refusals");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var second = 0; FaultCounts.IsFull && second < 300; second += 10)
        {
            // Without disk watermarks the server lifts a flood block by itself.
            await world.SetAsync(block, true);
            await Task.Delay(TimeSpan.FromSeconds(10));
        }

        var after = GC.GetTotalMemory(forceFullCollection: true);
        await world.SetAsync(block, null);
        await run;
        var found = new List<string>(await world.AuditAsync());
        if (FaultCounts.IsFull && after > before * 1.05)
            found.Add($"memory grew from {before} to {after} bytes");
        return found;
    }

    private async Task<List<string>> ReplayAsync(Func<FaultWorld, IDocumentSink, IDocumentSink>? bug)
    {
        await using var first = await FaultWorld.OpenAsync(server);
        first.Pipeline.Append(Documents);
        await first.RunAsync();
        var found = new List<string>(await first.AuditAsync());
        var stored = await first.StoredAsync();

        // Another group, the same index: everything is read from the start once more.
        await using var again = await FaultWorld.OpenAsync(server, bug: bug, alias: first.Alias);
        again.Pipeline.Append(Documents);
        await again.RunAsync();
        found.AddRange(await again.AuditAsync());
        foreach (var (id, version) in await again.StoredAsync())
        {
            if (stored[id] != version)
                found.Add($"{id} was at {stored[id]} and is at {version}");
        }

        if (again.Sink.Superseded != Documents)
            found.Add($"{again.Sink.Superseded} of {Documents} replays were known to be stale");
        return found;
    }

    private async Task<List<string>> LostAnswersAsync(Func<FaultWorld, IDocumentSink, IDocumentSink>? bug)
    {
        await using var world = await FaultWorld.OpenAsync(server, static options => options with { RequestTimeout = TimeSpan.FromSeconds(5) }, bug);
        world.Pipeline.Append(Documents);
        for (var i = 0; i < Rounds; i++)
        {
            world.Proxy.CutAnswer("_bulk", 0);
            world.Proxy.CutAnswer("_bulk", 60);
            world.Proxy.CutAnswer("_bulk", 400);
            world.Proxy.AnswerWith("_bulk", 503);
            world.Proxy.AnswerWith("_bulk", 429);
            world.Proxy.CutAnswer("_bulk", 0);
        }

        var run = world.RunAsync();
        for (var i = 0; i < Rounds; i++)
        {
            var seen = world.Proxy.Requests;
            await FaultWorld.UntilAsync(() => world.Proxy.Requests > seen || run.IsCompleted, "a request");
            world.Proxy.Refuse();
            await FaultWorld.UntilAsync(() => world.Heard("elasticsearch_away") > 0 || run.IsCompleted, "a word about the outage");
            world.Proxy.Allow();
        }

        // The request that waits here times out; the server has applied it.
        world.Proxy.WithholdAnswers();
        var withheld = world.Proxy.Requests;
        await FaultWorld.UntilAsync(() => world.Proxy.Requests > withheld + 1 || run.IsCompleted, "a second try");
        world.Proxy.Resume();
        await run;
        return [.. await world.AuditAsync()];
    }

    private async Task<List<string>> StalledAsync(Func<FaultWorld, IDocumentSink, IDocumentSink>? bug)
    {
        await using var world = await FaultWorld.OpenAsync(server, bug: bug);
        var bound = world.Pipeline.Batching.MaxQueueSize;
        var total = bound * FaultCounts.Of(50, 5);
        world.Pipeline.Append(total);
        world.Proxy.WithholdAnswers();
        var run = world.RunAsync();
        await FaultWorld.UntilAsync(() => world.Pipeline.Progress.Snapshot().Read >= bound && world.Proxy.Requests > 0, "a full pipeline");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await Task.WhenAny(run, bug is null
            ? Task.Delay(FaultCounts.IsFull ? TimeSpan.FromMinutes(10) : TimeSpan.FromSeconds(1))
            : FaultWorld.UntilAsync(() => world.Pipeline.Progress.Snapshot().Read > bound, "more than the bound"));
        var after = GC.GetTotalMemory(forceFullCollection: true);
        var now = world.Pipeline.Progress.Snapshot();
        var found = new List<string>();
        if (now.Read > bound || now.InFlightDocuments > bound)
            found.Add($"{now.Read} messages were read while nothing could be written, {bound} are the bound");
        if (FaultCounts.IsFull && after > before * 1.05)
            found.Add($"memory grew from {before} to {after} bytes");
        world.Proxy.Resume();
        await run;
        found.AddRange(await world.AuditAsync());
        return found;
    }
}

/// <summary>A server that takes no request above 1 MiB.</summary>
public sealed class FaultServer : ElasticsearchServer
{
    public FaultServer() => NodeSettings = "http.max_content_length=1mb";
}

/// <summary>One such server for all fault tests.</summary>
[CollectionDefinition(Name)]
public sealed class FaultServerCollection : ICollectionFixture<FaultServer>
{
    internal const string Name = "Elasticsearch faults";
}
