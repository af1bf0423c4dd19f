using Streaming.Core.Engine;
using Streaming.Testing.Engine;
using Streaming.Testing.Fakes;
using Streaming.Testing.Faults;

namespace Streaming.Testing.Conformance;

/// <summary>How an engine fills batches, keeps calls in flight and waits, seen from outside.</summary>
public abstract class PipelineEngineSchedulingConformance
{
    /// <summary>The engine under test.</summary>
    protected abstract IPipelineEngine CreateEngine();

    [Fact]
    public async Task RunAsync_SmallestBounds_StillFlows()
    {
        var world = new PipelineWorld(CreateEngine(), 2)
        {
            Batching = new BatchingOptions { MaxQueueSize = 1, MaxBatchSize = 1, MaxBatchTokens = 64, MaxConcurrentBatches = 1, MaxQueueBytes = 65_536 },
            Delivery = new DeliveryOptions { MaxWriteSize = 1, CommitEvery = 1, LagInterval = TimeSpan.Zero },
        };
        world.Append(50);
        await world.RunAsync();
        world.AssertSound();
    }

    [Fact]
    public async Task RunAsync_SlowModel_BatchesAreFullAndWasteLittle()
    {
        var world = new PipelineWorld(CreateEngine(), 1, new FakeModel(window: 128))
        {
            Batching = new BatchingOptions { MaxQueueSize = 500, MaxConcurrentBatches = 1, MaxBatchTokens = 512, MaxBatchSize = 64, ShareDuplicates = 0 },
        };
        world.Append(1_500, text: i => string.Join(' ', Enumerable.Repeat("w", 3 + (i * 37 % 90))));

        // The model waits until everything the pipeline may hold is waiting for it.
        world.Model.BeforeRun = async (_, token) =>
        {
            var goal = Math.Min(500, 1_500 - world.Sink.History.Count);
            while (world.Progress.Snapshot().InFlightDocuments < goal * 3 / 4 && !token.IsCancellationRequested)
                await Task.Delay(1, token);
        };
        await world.RunAsync();
        world.AssertSound();
        Assert.InRange(world.Model.Waste, 0, 0.1);
        Assert.True(world.Model.Batches < 400, $"{Make.Number(world.Model.Batches)} batches");
    }

    [Fact]
    public async Task RunAsync_OneDocumentAtATime_DoesNotWaitForCompany()
    {
        // A delay far beyond the test's patience: whoever waits for it hangs.
        var world = new PipelineWorld(CreateEngine())
        {
            Batching = new BatchingOptions { MaxQueueDelay = TimeSpan.FromHours(1), MaxConcurrentBatches = 2 },
        };
        await using var source = world.Log.Consume(endsAtEnd: false);
        using var drain = new CancellationTokenSource();
        var run = world.StartAsync(source, drain.Token);
        for (var i = 1; i <= 5; i++)
        {
            world.Log.Append("text " + Make.Number(i), "k" + Make.Number(i));
            var expected = i;
            await PipelineWorld.UntilAsync(() => world.Log.TotalCommitted == expected);
        }

        await drain.CancelAsync();
        await run.WaitAsync(PipelineWorld.Patience);
        world.AssertSound();
    }

    [Theory]
    [InlineData(3, 0)]
    [InlineData(2, 1)]
    public async Task RunAsync_SeveralBatchesAllowed_RunsThemAtOnceAndNoMore(int computed, int ahead)
    {
        var world = new PipelineWorld(CreateEngine());
        world.Batching = world.Batching with { MaxConcurrentBatches = computed, MaxBatchSize = 2 };
        world.Model.Info = world.Model.Info with { CallsAhead = ahead };
        var together = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Model.BeforeRun = async (call, token) =>
        {
            if (call == 3)
                together.SetResult();
            await together.Task.WaitAsync(token);
        };
        world.Append(30);
        await world.RunAsync();
        Assert.Equal(3, world.Model.MostRunning);
    }

    [Fact]
    [FaultRow(26)]
    public async Task RunAsync_WallClockJumps_ChangesNothing()
    {
        using var report = FaultReport.Begin(26);
        var time = new ManualTimeProvider();
        var world = new PipelineWorld(CreateEngine());
        world.Append(40);
        await using var source = world.Log.Consume();
        var jumps = new[] { Make.Noon.AddDays(1), Make.Noon.AddDays(-1), DateTimeOffset.UnixEpoch, new DateTimeOffset(9999, 12, 31, 0, 0, 0, TimeSpan.Zero) };
        var read = 0;
        source.BeforeRead = () => time.SetUtcNow(jumps[read++ % jumps.Length]);
        var template = world.Pipeline(source);
        var pipeline = new Pipeline
        {
            Topology = template.Topology,
            Source = template.Source,
            Sink = template.Sink,
            DeadLetters = template.DeadLetters,
            Models = template.Models,
            Batching = template.Batching,
            Delivery = template.Delivery,
            Time = time,
        };
        await CreateEngine().RunAsync(pipeline, default, default).WaitAsync(PipelineWorld.Patience);
        world.AssertSound();
        report.Seen($"{CreateEngine().Name}: the clock jumps by a day, to 1970 and to 9999 at each read: no stall, 0 lost");
    }

    [Fact]
    public async Task EngineBenchmark_RunAsync_AccountsForEveryDocument()
    {
        var result = await EngineBenchmark.RunAsync(CreateEngine(), 5_000, new BatchingOptions(), TimeProvider.System, default).WaitAsync(PipelineWorld.Patience);
        Assert.Equal((5_000, CreateEngine().Name), (result.Documents, result.Engine));
        Assert.True(result.DocumentsPerSecond > 0);
    }
}
