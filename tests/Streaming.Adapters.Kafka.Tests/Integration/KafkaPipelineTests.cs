using Streaming.Adapters.Elasticsearch;
using Streaming.Testing.Engine;
using Streaming.Testing.Faults;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Kafka.Tests.Integration;

/// <summary>Whole pipelines on a real broker, watched by the ledger.</summary>
[Collection(KafkaCollection.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaPipelineTests(KafkaServer server)
{
    [IntegrationFact("kafka")]
    public async Task Run_MembersComeAndGo_LosesNothingAndMovesQuickly()
    {
        var world = await KafkaWorld.CreateAsync(server, 6);
        var steady = world.Start();
        var random = new Random(7);
        for (var round = 0; round < 8; round++)
        {
            await world.AppendAsync(1_000);
            var second = world.Start();
            var third = world.Start();
            await KafkaBench.UntilAsync(() => second.Source.AssignedPartitions == 2 && third.Source.AssignedPartitions == 2);
            await world.AppendAsync(random.Next(100, 500));
            await second.StopAsync();
            await third.KillAsync();
            await KafkaBench.UntilAsync(() => steady.Source.AssignedPartitions == 6);
        }

        await world.SettleAsync();
        await world.AssertSoundAsync();
        Assert.Equal(world.Written, world.Sink.Documents.Count);
    }

    [IntegrationFact("kafka")]
    public async Task Run_KilledAgainAndAgain_ReplaysNoMoreThanWasInFlight()
    {
        const int Kills = 12;
        var world = await KafkaWorld.CreateAsync(server, 3);
        await world.AppendAsync(6_000);
        world.Model.BeforeRun = (_, token) => new ValueTask(Task.Delay(2, token));
        long uncommitted = 0;
        for (var kill = 1; kill <= Kills; kill++)
        {
            var run = world.Start();
            var goal = world.Written * kill / (Kills + 1);
            await KafkaBench.UntilAsync(() => world.Ledger.Count(Terminal.Indexed) >= goal || run.Task.IsCompleted);
            await run.KillAsync();
            uncommitted += world.Ledger.Count(Terminal.Indexed) - await world.CommittedAsync();
        }

        world.Start();
        await world.SettleAsync();
        await world.AssertSoundAsync();
        // Each kill costs what was finished above its last commit, and nothing else. How much that is, a slow broker decides.
        Assert.InRange(world.Ledger.Replays, 0, uncommitted);
    }

    [IntegrationFact("kafka")]
    [FaultRow(2)]
    public async Task Run_EveryTenthBatchStalls_TheWatermarkWaits()
    {
        using var report = FaultReport.Begin(2);
        var stalls = FaultCounts.Of(1_000, 40);
        var world = await KafkaWorld.CreateAsync(server, 3);
        var random = new Random(2);
        var stalled = 0;
        world.Model.BeforeRun = async (call, token) =>
        {
            // Batches beside it overtake it, by a time of its own each time.
            if (call % 10 != 0)
                return;
            int delay;
            lock (random)
                delay = random.Next(1, 40);
            await Task.Delay(delay, token);
            Interlocked.Increment(ref stalled);
        };
        while (stalled < stalls)
        {
            await world.AppendAsync(2_000);
            var run = world.Start();
            await KafkaBench.UntilAsync(() => world.Ledger.Count(Terminal.Indexed) >= world.Written - 1_000 || run.Task.IsCompleted);
            await run.KillAsync();
        }

        world.Start();
        await world.SettleAsync();
        await world.AssertSoundAsync();
        report.Seen($"Kafka: {stalled} stalled batches overtaken by others, {world.Runs.Count - 1} kills, no commit above an unfinished message, {world.Written:#,0} messages, 0 lost");
    }

    [IntegrationFact("kafka")]
    [FaultRow(10)]
    public async Task Run_OnePercentCannotBeDecoded_LiesInTheDeadLetterTopicOnceEach()
    {
        using var report = FaultReport.Begin(10);
        const int Count = 10_000;
        var bench = new KafkaBench(server);
        var world = await KafkaWorld.CreateAsync(server, 4);
        var topic = await bench.TopicAsync();
        await using var letters = new KafkaDeadLetterSink(bench.Producer(), topic);
        world.LetterSink = new AcknowledgingLetters(letters, world.Ledger);
        static string Bad(int i) => $"{{\"text\": broken {i}";
        await world.AppendAsync(Count, i => i % 100 == 42 ? Bad(i) : $"text {i}");
        world.Start();
        await world.SettleAsync();
        await world.AssertSoundAsync();
        Assert.Equal((100, 9_900), (world.Ledger.Count(Terminal.DeadLettered), world.Sink.Documents.Count));

        await using var source = new KafkaMessageSource(bench.Options(topic, KafkaBench.Name("g")));
        await source.StartAsync(new RecordingListener(), default);
        var dead = (await KafkaBench.ReadAsync(source, 100)).Select(record => DeadLetterHeaders.FromRecord(record, out _)!).ToList();
        Assert.Equal(
            Enumerable.Range(0, 100).Select(i => Bad((i * 100) + 42)).Order(StringComparer.Ordinal),
            dead.Select(letter => System.Text.Encoding.UTF8.GetString(letter.Value!)).Order(StringComparer.Ordinal));
        Assert.All(dead, letter => Assert.Equal((world.Topic, Streaming.Contracts.ErrorCodes.MalformedJson), (letter.Topic, letter.Code)));
        report.Seen("Kafka: 100 bad of 10,000, exactly 100 in the dead-letter topic with their bytes, 9,900 indexed");
    }

    [IntegrationFact("kafka")]
    public async Task Run_MixedInput_EveryMessageEndsOnce()
    {
        var world = await KafkaWorld.CreateAsync(server, 2);
        await world.AppendAsync(2_000, i => i % 100 == 7 ? "{\"text\": " : i % 100 == 8 ? null : $"text {i}");
        world.Sink.Reject = write => write.Id.EndsWith("9", StringComparison.Ordinal) ? "refused" : null;
        world.Start();
        await world.SettleAsync();
        await world.AssertSoundAsync();
        Assert.Equal(20 + 200, world.Ledger.Count(Terminal.DeadLettered));
        Assert.Equal(20, world.Ledger.Count(Terminal.Deleted));
    }

    [IntegrationTheory("kafka")]
    [InlineData("commits the highest")]
    [InlineData("ignores item status")]
    [InlineData("does not await dead letters")]
    public async Task Run_PlantedBug_TurnsTheLedgerRed(string bug)
    {
        var world = await KafkaWorld.CreateAsync(server, 1);
        await world.AppendAsync(1_500, i => i % 10 == 0 ? "{\"text\": " : $"text {i}");
        switch (bug)
        {
            case "commits the highest":
                world.WrapSource = source => new CommitsTheHighest(source);
                // The first message ends without a model, and not before a model has begun with a later one: there is a commit, and something is unfinished below what was read.
                world.Letters.Hold();
                world.Model.BeforeRun = async (_, token) =>
                {
                    world.Letters.LetGo();
                    await KafkaBench.UntilAsync(() => world.Ledger.Violations.Count > 0 || token.IsCancellationRequested);
                };
                break;
            case "ignores item status":
                world.Sink.Reject = write => write.Id.EndsWith("5", StringComparison.Ordinal) ? "refused" : null;
                world.DocumentSink = new IgnoresItemStatus(world.Sink);
                break;
            default:
                world.LetterSink = new DoesNotAwaitDeadLetters(world.Letters);
                world.Letters.Hold();
                break;
        }

        var run = world.Start();
        await KafkaBench.UntilAsync(() => world.Ledger.Violations.Count > 0 || run.Task.IsCompleted);
        world.Letters.LetGo();
        await run.KillAsync();
        Assert.NotEmpty(world.Ledger.Audit());
    }

    [IntegrationFact("kafka")]
    [FaultRow(3)]
    public async Task Run_IndexWithholdsItsAnswers_CommitsNothing()
    {
        using var report = FaultReport.Begin(3);
        var world = await KafkaWorld.CreateAsync(server, 2);
        await world.AppendAsync(500);
        world.Sink.Hold();
        var run = world.Start();
        await KafkaBench.UntilAsync(() => world.Sink.Calls > 0);
        await Task.Delay(500);
        var bench = new KafkaBench(server);
        Assert.Equal(0, await bench.CommittedAsync(world.Group, world.Topic));
        world.Sink.LetGo();
        await world.SettleAsync();
        await world.AssertSoundAsync();
        Assert.True(run.Task.IsCompletedSuccessfully);
        report.Seen("Kafka: committed advance 0 while the index withheld its answers");
    }

    [IntegrationFact("kafka")]
    public async Task Run_IntoAnIndexThatMisbehaves_IndexesEachOnce()
    {
        var world = await KafkaWorld.CreateAsync(server, 4);
        await world.AppendAsync(10_000);
        await using var index = new FakeElasticsearch();
        index.Fault = (number, _) => (number % 9) switch
        {
            1 => new BulkFault { Status = 429 },
            3 => new BulkFault { DropAfter = true },
            4 => new BulkFault { TruncateAt = 300 },
            6 => new BulkFault { Items = id => id.EndsWith('3') ? (429, "es_rejected_execution_exception") : null },
            7 => new BulkFault { Reverse = true, Shorten = 1 },
            _ => null,
        };
        var sink = new ElasticsearchSink(new ElasticsearchOptions
        {
            Urls = [index.Url], Alias = "docs", StartTimeout = TimeSpan.FromMinutes(3), BackoffBase = TimeSpan.FromMilliseconds(2), BackoffCap = TimeSpan.FromMilliseconds(20),
        });
        await sink.StartAsync(default);
        world.DocumentSink = new AcknowledgingSink(sink, world.Ledger);
        var run = world.Start();
        await KafkaBench.UntilAsync(() => world.Ledger.Count(Terminal.Indexed) >= 4_000 || run.Task.IsCompleted);
        await run.KillAsync();
        world.Start();
        await world.SettleAsync();
        await world.AssertSoundAsync();
        Assert.Equal(10_000, index.Count);
        Assert.Empty(world.Letters.Letters);
    }
}
