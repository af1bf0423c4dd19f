using System.Text.Json;
using Streaming.Testing.Faults;
using Streaming.Testing.Servers;
using Xunit.Abstractions;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>Real processes on a real broker, killed, stopped and held still. <c>./streaming faults --full</c> takes the fault table's own counts.</summary>
[Collection(EndToEndGroup.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaFaultTests(KafkaServer server, ITestOutputHelper output) : IClassFixture<KafkaServer>
{
    private const int InFlight = 64;
    private static readonly TimeSpan MoveBound = TimeSpan.FromSeconds(30);

    [ClusterFact("kafka")]
    [FaultRow(1)]
    public async Task Run_KilledAtProgressPoints_ResumesAtTheWatermark()
    {
        using var report = FaultReport.Begin(1);
        var kills = FaultCounts.Of(50, 5);
        var documents = FaultCounts.Of(100_000, 2_000);
        var random = new Random(1);
        // Its session ends soon after each kill, so the next process need not wait long for its partitions; but not so soon that a process which is
        // given no processor for two seconds loses them, begins anew, and loses them again.
        await using var world = await KafkaProcesses.CreateAsync(server, 4, sessionSeconds: 10);
        await world.AppendAsync(0, documents);
        long committed = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            var process = world.Start();
            await world.IndexedAsync(Math.Max(world.Index.Count + 1, (int)((kill + random.NextDouble()) * documents / (kills + 1))), process);
            process.Kill();
            await process.EndAsync();
            var now = await world.CommittedAsync();
            Assert.True(now >= committed, $"after kill {kill} less is committed ({now}) than before ({committed})");
            committed = now;
        }

        var last = world.Start();
        await world.SettleAsync();
        last.Terminate();
        (await last.EndAsync()).Ended(0);
        var replays = world.Index.Items - documents;
        // A commit follows what is done by 200 documents or a second.
        Assert.InRange(replays, 0, kills * (InFlight + 2_000));
        Assert.Equal(await world.ReferenceAsync(), world.Contents());
        Tell(report, $"Kafka: {kills} kills of real processes in {documents:#,0} messages, 0 lost, 0 duplicate documents, {replays:#,0} replayed, every document as without faults");
    }

    [ClusterFact("kafka")]
    [FaultRow(4)]
    public async Task Run_ProcessesComeAndGo_EveryPartitionMovesInTime()
    {
        using var report = FaultReport.Begin(4);
        var rebalances = FaultCounts.Of(100, 6);
        const int Each = 60;
        await using var world = await KafkaProcesses.CreateAsync(server, 6, sessionSeconds: FaultCounts.IsFull ? 15 : 10);
        var running = new List<ProductProcess> { world.Start() };
        await world.AppendAsync(0, Each, toEach: true);
        await world.NewestAsync();
        var longest = TimeSpan.Zero;
        for (var rebalance = 1; rebalance <= rebalances; rebalance++)
        {
            // Something is always under way when partitions move.
            await world.AppendAsync(rebalance * 2 * Each, Each);
            var began = TimeProvider.System.GetTimestamp();
            switch (rebalance % 4)
            {
                case 1 or 2:
                    running.Add(world.Start());
                    await running[^1].SaysAsync("running");
                    began = TimeProvider.System.GetTimestamp();
                    break;
                case 3:
                    running[0].Kill();
                    running.RemoveAt(0);
                    break;
                default:
                    running[0].Terminate();
                    running.RemoveAt(0);
                    break;
            }

            await world.AppendAsync((rebalance * 2 * Each) + Each, Each, toEach: true);
            await world.NewestAsync();
            var took = TimeProvider.System.GetElapsedTime(began);
            longest = took > longest ? took : longest;
            Assert.True(FaultReport.IsWithin(took, MoveBound), $"rebalance {rebalance}: a partition stood still for {took}");
            Assert.All(running, static process => Assert.False(process.HasEnded, process.Error));
        }

        await world.SettleAsync();
        Tell(report, $"Kafka: {rebalances} rebalances of 1 to 3 real processes (started, killed, asked to end), every partition read on within {longest.TotalSeconds:0.0} s, {world.Documents:#,0} documents, 0 lost, 0 duplicate");
    }

    [ClusterFact("kafka")]
    [FaultRow(6)]
    public async Task Run_HeldStillPastItsSession_NeitherCommitsNorOverwritesAnythingStale()
    {
        using var report = FaultReport.Begin(6);
        var rounds = FaultCounts.Of(20, 2);
        const int Documents = 600;
        await using var world = await KafkaProcesses.CreateAsync(server, 4, sessionSeconds: 6);
        await world.AppendAsync(0, Documents);
        ProductProcess one = world.Start(), other = world.Start();
        await world.NewestAsync();
        for (var round = 1; round <= rounds; round++)
        {
            var zombie = round % 2 == 1 ? one : other;
            var before = world.Index.Items;
            await world.AppendAsync(0, Documents, $" Round {round} begins.");
            await Eventually.TrueAsync(() => Task.FromResult(world.Index.Items > before + (Documents / 10)), () => "work under way" + world.Said());
            zombie.Freeze();
            // The other takes over what the zombie holds, once its session has run out, and newer texts of the same keys come.
            await world.AppendAsync(0, Documents, $" Round {round} ends.");
            await world.NewestAsync();
            var committed = await world.CommittedAsync();
            var newest = world.Index.Versions;
            zombie.Thaw();
            // It wakes with old documents at hand. When it has joined again and new texts went through both, its old ones are through too.
            await world.AppendAsync(Documents + (round * 100), 100, toEach: true);
            await world.SettleAsync();
            Assert.True(await world.CommittedAsync() >= committed, "a commit went back");
            Assert.All(newest, kept => Assert.Equal(kept.Value, world.Index.Versions[kept.Key]));
            Assert.False(zombie.HasEnded, zombie.Error);
        }

        Tell(report, $"Kafka: {rounds} times held still past the session of 6 s with work in flight, newest version won for {world.Documents:#,0} of {world.Documents:#,0} keys, {world.Index.Superseded:#,0} stale writes refused, no commit went back, 0 lost");
    }

    [ClusterFact("kafka")]
    [FaultRow(21)]
    public async Task Run_AskedToEndMidBatch_DrainsCommitsAndReplaysNothing()
    {
        using var report = FaultReport.Begin(21);
        var stops = FaultCounts.Of(50, 4);
        var documents = FaultCounts.Of(20_000, 1_600);
        await using var world = await KafkaProcesses.CreateAsync(server, 4);
        await world.AppendAsync(0, documents);
        var longest = TimeSpan.Zero;
        long told = 0;
        for (var stop = 0; stop < stops; stop++)
        {
            var process = world.Start();
            await world.IndexedAsync(Math.Max(world.Index.Count + 1, documents * (stop + 1) / (stops + 2)), process);
            var began = TimeProvider.System.GetTimestamp();
            process.Terminate();
            var result = (await process.EndAsync()).Ended(0);
            var took = TimeProvider.System.GetElapsedTime(began);
            longest = took > longest ? took : longest;
            told += JsonDocument.Parse(result.Out).RootElement.GetProperty("indexed").GetInt64();
            Assert.Equal(world.Index.Count, await world.CommittedAsync());
            Assert.Equal(world.Index.Count, told);
        }

        Assert.True(FaultReport.IsWithin(longest, MoveBound), $"a drain took {longest}");
        var last = world.Start();
        await world.SettleAsync();
        last.Terminate();
        (await last.EndAsync()).Ended(0);
        Assert.Equal(documents, world.Index.Items);
        Tell(report, $"Kafka: {stops} times SIGTERM in the middle of {documents:#,0} messages, longest drain {longest.TotalSeconds:0.00} s, 0 lost, 0 replayed");
    }

    [ClusterFact("kafka")]
    [FaultRow(1)]
    public async Task Run_FromTopicToTopicKilled_WritesEachDocumentOnce()
    {
        using var report = FaultReport.Begin(1);
        var kills = FaultCounts.Of(50, 3);
        var documents = FaultCounts.Of(20_000, 1_200);
        // After a kill the broker keeps the transaction open for longer than this session: a longer one costs nothing.
        await using var world = await KafkaProcesses.CreateAsync(server, 4, sessionSeconds: 10);
        await world.AppendAsync(0, documents);
        for (var kill = 0; kill < kills; kill++)
        {
            var process = world.StartTransactional();
            var goal = documents * (kill + 1) / (kills + 2);
            await Eventually.TrueAsync(async () => await world.CommittedOffsetsAsync() >= goal || process.HasEnded, () => $"{goal} committed" + world.Said());
            Assert.False(process.HasEnded, process.Error);
            process.Kill();
            await process.EndAsync();
        }

        var last = world.StartTransactional();
        await Eventually.TrueAsync(async () => await world.CommittedOffsetsAsync() == documents, () => "all committed" + world.Said());
        last.Terminate();
        (await last.EndAsync()).Ended(0);
        var ids = await world.EnrichedAsync();
        Assert.Equal(documents, ids.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(documents, ids.Count);
        Tell(report, $"Kafka to Kafka, delivery_guarantee exactly_once: {kills} kills of real processes in {documents:#,0} messages, a reader of committed records sees each document once: 0 lost, 0 duplicate");
    }

    private void Tell(FaultReport report, string seen)
    {
        output.WriteLine(seen);
        report.Seen(seen);
    }
}

/// <summary>A test that runs the built command with the starter bundle on real servers; skipped, with the reason, where any is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute(params string[] servers) => Skip = IntegrationSkip.Reason(servers) ?? Product.NoModelBecause;
}
