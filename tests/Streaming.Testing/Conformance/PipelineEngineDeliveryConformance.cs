using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Testing.Engine;
using Streaming.Testing.Fakes;

namespace Streaming.Testing.Conformance;

/// <summary>
/// Delivery under rebalances, crashes and random interleavings, and the proof that the ledger would have seen it: every
/// planted bug turns it red.
/// </summary>
public abstract class PipelineEngineDeliveryConformance
{
    /// <summary>The engine under test.</summary>
    protected abstract IPipelineEngine CreateEngine();

    /// <summary>Interleavings to try.</summary>
    protected virtual int Interleavings => 1_000;

    [Fact]
    public async Task PlantedBug_CommitsTheHighestOffset_IsCaught()
    {
        var world = new PipelineWorld(CreateEngine()) { WrapSource = source => new CommitsTheHighest(source) };
        world.Append(300);

        // Once the oldest message is finished, the batches wait until there was a commit, so that there is one while something is in flight.
        world.Model.BeforeRun = async (_, token) =>
        {
            while (world.Ledger.LowestUnfinished(world.Log.Partition(0)) > 0 && world.Log.TotalCommitted == 0)
            {
                token.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        };
        await world.RunAsync();
        Assert.Contains(world.Ledger.Violations, violation => violation.Contains("is unfinished", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PlantedBug_IgnoresItemStatus_IsCaught()
    {
        var world = new PipelineWorld(CreateEngine());
        world.DocumentSink = new IgnoresItemStatus(world.Sink);
        world.Sink.Reject = write => write.Id.EndsWith('3') ? "mapping conflict" : null;
        world.Append(40);
        await world.RunAsync();
        Assert.Contains(world.Ledger.Audit(), violation => violation.StartsWith("lost", StringComparison.Ordinal));
        Assert.NotEmpty(world.Ledger.Violations);
    }

    [Fact]
    public async Task PlantedBug_DoesNotAwaitDeadLetters_IsCaught()
    {
        var world = new PipelineWorld(CreateEngine());
        var bug = new DoesNotAwaitDeadLetters(world.Letters);
        world.LetterSink = bug;
        world.Log.Append(new byte[] { 0xFF }, "bad");
        world.Append(20);
        world.Letters.Hold();
        await world.RunAsync();
        world.Letters.LetGo();
        await Task.WhenAll(bug.Forgotten);
        Assert.Contains(world.Ledger.Violations, violation => violation.Contains("is unfinished", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PlantedBug_CommitsOnLostPartitions_IsCaught()
    {
        var world = await LosePartitionWhileWritingAsync(source => new DeafToLosses(source));
        Assert.Contains(world.Ledger.Violations, violation => violation.Contains("had lost it", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Lost_LateResultsOfThePartition_AreDropped()
    {
        var world = await LosePartitionWhileWritingAsync(static source => source);
        world.AssertSound();
    }

    [Fact]
    public async Task Revoke_WorkInFlight_IsFinishedAndCommittedFirst()
    {
        var world = new PipelineWorld(CreateEngine(), 2);
        await using var first = world.Log.Consume(endsAtEnd: false);
        await using var second = world.Log.Consume(endsAtEnd: false, take: []);
        using var drain = new CancellationTokenSource();
        var running = world.StartAsync(first, drain.Token);
        var other = world.StartAsync(second, drain.Token);
        world.Append(100);
        await PipelineWorld.UntilAsync(() => first.Delivered > 0);
        world.Log.Move(1, second, lost: false);
        world.Append(100, text: i => "again " + Make.Number(i));
        await PipelineWorld.UntilAsync(() => world.Ledger.Audit().Count == 0 && second.Delivered > 0);
        await drain.CancelAsync();
        await Task.WhenAll(running, other).WaitAsync(PipelineWorld.Patience);
        world.AssertSound();
        Assert.Equal(0, world.Ledger.Replays);
    }

    [Fact]
    public async Task Revoke_SinkStalls_GivesUpInTimeAndTheNextOwnerReadsAgain()
    {
        var world = new PipelineWorld(CreateEngine(), 2);
        await using var first = world.Log.Consume(endsAtEnd: false, revokeTimeout: TimeSpan.FromMilliseconds(50));
        await using var second = world.Log.Consume(endsAtEnd: false, take: []);
        using var drain = new CancellationTokenSource();
        world.Append(20);
        world.Sink.Hold();
        var running = world.StartAsync(first, drain.Token);
        await PipelineWorld.UntilAsync(() => world.Sink.Calls == 1);
        world.Log.Move(1, second, lost: false);
        var other = world.StartAsync(second, drain.Token);
        await PipelineWorld.UntilAsync(() => second.Delivered > 0);
        world.Sink.LetGo();
        await PipelineWorld.UntilAsync(() => world.Ledger.Audit().Count == 0);
        await drain.CancelAsync();
        await Task.WhenAll(running, other).WaitAsync(PipelineWorld.Patience);
        world.AssertSound();
    }

    [Fact]
    public async Task RebalanceStorm_ManyMoves_LosesNothing()
    {
        var world = new PipelineWorld(CreateEngine(), 4);
        var random = new Random(11);
        var sources = new[] { world.Log.Consume(false), world.Log.Consume(false, []), world.Log.Consume(false, []) };
        using var drain = new CancellationTokenSource();
        var runs = sources.Select(source => world.StartAsync(source, drain.Token)).ToArray();
        for (var move = 0; move < 100; move++)
        {
            world.Append(20, keys: 40, text: i => "text " + Make.Number(move) + " " + Make.Number(i));
            world.Log.Move(random.Next(4), sources[random.Next(3)], lost: random.Next(3) == 0);
            var behind = world.Log.Count - 200;
            await PipelineWorld.UntilAsync(() => world.Log.TotalCommitted >= behind);
        }

        await PipelineWorld.UntilAsync(() => world.Log.TotalCommitted == world.Log.Count);
        await drain.CancelAsync();
        await Task.WhenAll(runs).WaitAsync(PipelineWorld.Patience);
        foreach (var source in sources)
            await source.DisposeAsync();
        world.AssertSound();
    }

    [Fact]
    public async Task RandomInterleavings_CompletionsPastGapsAndKills_LoseNothing()
    {
        for (var seed = 0; seed < Interleavings; seed++)
        {
            var random = new Random(seed);
            var world = new PipelineWorld(CreateEngine(), 1 + (seed % 3));
            world.Batching = world.Batching with { MaxBatchSize = 1 + random.Next(4), MaxQueueSize = 4 + random.Next(30), MaxConcurrentBatches = 1 + random.Next(4) };
            var order = new Random(seed);
            world.Model.BeforeRun = async (call, _) =>
            {
                // Every few batches one is overtaken by others.
                int yields;
                lock (order)
                    yields = call % 10 == 0 ? 50 : order.Next(4);
                for (; yields > 0; yields--)
                    await Task.Yield();
            };
            world.Sink.Reject = write => write.Id.EndsWith('9') ? "refused" : null;
            world.Append(40, text: i => i % 13 == 5 ? FakeModel.Poison : string.Join(' ', Enumerable.Repeat("w", random.Next(1, 40))));
            using (var abort = new CancellationTokenSource())
            {
                var kill = random.Next(1, 4);
                var fuse = random.Next(3) > 0;
                world.Sink.BeforeAcknowledge = call =>
                {
                    if (fuse && call == kill)
                        abort.Cancel();
                };
                try
                {
                    await world.RunAsync(default, abort.Token);
                }
                catch (OperationCanceledException)
                {
                }
            }

            world.Sink.BeforeAcknowledge = null;
            await world.RunAsync();
            world.AssertSound();
        }
    }

    [Fact]
    public async Task CrashAtEveryPoint_TransactionalStore_IsExactlyOnce()
    {
        // Each step of each transaction once: before it, after the tail was asked for, and between transactions.
        for (var point = 0; point < 24; point++)
        {
            var world = new PipelineWorld(CreateEngine(), 2);
            var store = new InMemoryTransactionalStore(world.Log) { Reject = write => write.Id.EndsWith('7') ? "refused" : null };
            world.DocumentSink = store;
            world.LetterSink = store;
            world.Append(60, text: i => i % 10 == 3 ? "" : i % 20 == 6 ? FakeModel.Poison : "text " + Make.Number(i));
            var step = 0;
            store.Inside = _ =>
            {
                if (step++ == point)
                    throw new IOException("the process died here");
            };
            for (var run = 0; run < 3; run++)
            {
                try
                {
                    await world.RunAsync();
                }
                catch (IOException)
                {
                }
            }

            Assert.Empty(world.Ledger.Audit());
            Assert.Equal(0, world.Ledger.Replays);
            Assert.Equal(60, store.Outcomes.Total);
            Assert.Equal(store.Documents.Count, store.Outcomes.Indexed);
            Assert.Equal(store.Letters.Count, store.Outcomes.DeadLettered);
            Assert.Equal(60, world.Log.TotalCommitted);
            Assert.Equal(0, world.Models.OpenLeases);
        }
    }

    [Fact]
    public async Task Transactional_StoreAway_RetriesWithoutCountingTwice()
    {
        var world = new PipelineWorld(CreateEngine());
        var store = new InMemoryTransactionalStore(world.Log);
        world.DocumentSink = store;
        world.LetterSink = store;
        world.Append(50);
        world.Log.Append(new byte[] { 0xFF }, "bad");
        var step = 0;
        store.Inside = _ =>
        {
            if (step++ % 3 == 1)
                throw InMemoryTransactionalStore.Away();
        };
        await world.RunAsync();
        Assert.Empty(world.Ledger.Audit());
        Assert.Equal(0, world.Ledger.Replays);
        Assert.Equal((50L, 1L), (store.Outcomes.Indexed, store.Outcomes.DeadLettered));
        Assert.Equal(51, world.Log.TotalCommitted);
    }

    [Fact]
    public async Task Supervisor_CrashesOnTheWay_RestartsFromTheCommits()
    {
        var world = new PipelineWorld(CreateEngine(), 2);
        world.Append(300);
        world.Sink.BeforeApply = call =>
        {
            if (call % 5 == 4 && call < 20)
                throw new IOException("the connection broke");
        };
        var supervisor = new PipelineSupervisor(CreateEngine(), world.Delivery, TimeProvider.System);
        await supervisor.RunAsync(_ => CreateAsync(world), default, default).WaitAsync(PipelineWorld.Patience);
        world.AssertSound();
        Assert.Contains(world.Notices, notice => notice.Kind == PipelineNoticeKind.Restarting);
    }

    [Fact]
    public async Task Supervisor_DrainWhileItWaitsToRestart_Ends()
    {
        var world = new PipelineWorld(CreateEngine());
        world.Append(10);
        world.Sink.BeforeApply = _ => throw new IOException("the connection broke");
        var options = world.Delivery with { RetryDelay = TimeSpan.FromHours(1), MaxRetryDelay = TimeSpan.FromHours(1) };
        using var drain = new CancellationTokenSource();
        var run = new PipelineSupervisor(CreateEngine(), options, TimeProvider.System).RunAsync(_ => CreateAsync(world), drain.Token, default);
        await PipelineWorld.UntilAsync(() =>
        {
            lock (world.Notices)
                return world.Notices.Count > 0;
        });
        await drain.CancelAsync();
        await run.WaitAsync(PipelineWorld.Patience);
        Assert.Equal(0, world.Log.TotalCommitted);
    }

    [Fact]
    public async Task Supervisor_UsageError_GivesUp()
    {
        var world = new PipelineWorld(CreateEngine());
        world.Append(10);
        world.Sink.BeforeApply = _ => throw new StreamingException("wrong_mapping", "the index has another mapping");
        var supervisor = new PipelineSupervisor(CreateEngine(), world.Delivery, TimeProvider.System);
        var error = await Assert.ThrowsAsync<StreamingException>(() => supervisor.RunAsync(_ => CreateAsync(world), default, default).WaitAsync(PipelineWorld.Patience));
        Assert.Equal("wrong_mapping", error.Code);
    }

    [Fact]
    public async Task Supervisor_FirstStartFails_GivesUpWithTheDependencyCode()
    {
        var supervisor = new PipelineSupervisor(CreateEngine(), new DeliveryOptions(), TimeProvider.System);
        var error = await Assert.ThrowsAsync<DependencyUnavailableException>(() => supervisor.RunAsync(
            _ => throw new DependencyUnavailableException("broker_away", "the broker is away"), default, default).WaitAsync(PipelineWorld.Patience));
        Assert.Equal(ExitCode.DependencyUnavailable, error.ExitCode);
    }

    private static ValueTask<PipelineInstance> CreateAsync(PipelineWorld world)
    {
        var source = world.Log.Consume();
        return new ValueTask<PipelineInstance>(new PipelineInstance(world.Pipeline(source), source.DisposeAsync));
    }

    /// <summary>A consumer loses a partition while its write is under way, a second one gets it, then the write is acknowledged.</summary>
    private async Task<PipelineWorld> LosePartitionWhileWritingAsync(Func<Core.Messaging.IMessageSource, Core.Messaging.IMessageSource> wrap)
    {
        var world = new PipelineWorld(CreateEngine(), 2) { WrapSource = wrap };
        await using var first = world.Log.Consume(endsAtEnd: false);
        await using var second = world.Log.Consume(endsAtEnd: false, take: []);
        using var drain = new CancellationTokenSource();
        world.Append(20);
        world.Sink.Hold();
        var running = world.StartAsync(first, drain.Token);
        await PipelineWorld.UntilAsync(() => world.Sink.Calls == 1);
        world.Log.Move(1, second, lost: true);
        await PipelineWorld.UntilAsync(() => first.Fence(1) is not null);
        world.Sink.LetGo();
        await PipelineWorld.UntilAsync(() => world.Log.Committed(0) == world.Log.End(0));

        var other = world.StartAsync(second, drain.Token);
        await PipelineWorld.UntilAsync(() => world.Log.Committed(1) == world.Log.End(1));
        await drain.CancelAsync();
        await Task.WhenAll(running, other).WaitAsync(PipelineWorld.Patience);
        return world;
    }
}
