using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Testing.Engine;
using Streaming.Testing.Fakes;
using Streaming.Testing.Faults;

namespace Streaming.Testing.Conformance;

/// <summary>What an engine does with exact duplicates, and with a model that computes nothing.</summary>
public abstract class PipelineEngineModelConformance
{
    /// <summary>The engine under test.</summary>
    protected abstract IPipelineEngine CreateEngine();

    [Fact]
    public async Task RunAsync_ExactDuplicates_ShareOnePassAndKeepWhatIsTheirs()
    {
        var world = Repeating(300, texts: 3);
        await world.RunAsync();
        world.AssertSound();

        // Workers that prepare the same text at the same moment compute it each for itself.
        Assert.InRange(Passes(world), 3, 3 * Math.Max(1, Environment.ProcessorCount));
        Assert.Equal(300, world.Sink.Documents.Count);
        for (var i = 0; i < 300; i++)
        {
            var document = world.Sink.Documents["key-" + Make.Number(i)];
            Assert.Equal(Text(i % 3), document.Text);
            Assert.Equal("Name" + Make.Number(i % 3), Assert.Single(document.Entities).Text);
            Assert.Equal(i / 2, document.Lineage.Offset);
        }
    }

    [Fact]
    public async Task RunAsync_ExactDuplicatesNotShared_ComputesEach()
    {
        var world = Repeating(100, texts: 3);
        world.Batching = world.Batching with { ShareDuplicates = 0 };
        await world.RunAsync();
        world.AssertSound();
        Assert.Equal(100, Passes(world));
    }

    [Fact]
    public async Task RunAsync_MoreTextsThanTheWindowHolds_StillIndexesAll()
    {
        var world = Repeating(300, texts: 50);
        world.Batching = world.Batching with { ShareDuplicates = 2 };
        await world.RunAsync();
        world.AssertSound();
        Assert.Equal(300, world.Sink.Documents.Count);
    }

    [Fact]
    public async Task RunAsync_DuplicatesDifferInCase_AreNotShared()
    {
        var world = new PipelineWorld(CreateEngine());
        world.Log.Append("berlin was good", "lower");
        world.Log.Append("Berlin was good", "upper");
        await world.RunAsync();
        Assert.Empty(world.Sink.Documents["lower"].Entities);
        Assert.Single(world.Sink.Documents["upper"].Entities);
    }

    [Fact]
    public async Task RunAsync_FirstOfTheDuplicatesFails_OthersAreComputed()
    {
        var world = Repeating(60, texts: 1);
        // One at a time: workers that prepare the same text at the same moment would else be a batch of two, halved before it is tried alone.
        world.Batching = world.Batching with { MaxConcurrentBatches = 1, MaxBatchSize = 1 };

        // The first pass, and the same document tried once more.
        world.Model.BeforeRun = static (call, _) => call <= 2 ? throw new ArithmeticException("for a moment") : default;
        await world.RunAsync();
        world.AssertSound();
        Assert.Single(world.Letters.Letters);
        Assert.Equal(59, world.Sink.Documents.Count);
    }

    [Fact]
    public async Task RunAsync_ModelSwappedAmongDuplicates_EachHasOneVersion()
    {
        var world = Repeating(400, texts: 4);
        var next = new FakeModel("2");
        world.Model.BeforeRun = (call, _) =>
        {
            if (call == 1)
                world.Models.Swap(next);
            return default;
        };
        await world.RunAsync();
        world.AssertSound();
        Assert.All(world.Sink.Documents.Values, static document => Assert.Contains(document.Lineage.ModelVersion, new[] { "1", "2" }));
        Assert.True(world.Model.IsDisposed);
    }

    [Fact]
    [FaultRow(24)]
    public async Task RunAsync_NoMemoryForLongBatches_HalvesAndLosesNothing()
    {
        using var report = FaultReport.Begin(24);
        var world = new PipelineWorld(CreateEngine(), 2);
        world.Model.MostSequences = 3;
        world.Append(200);
        await world.RunAsync();
        world.AssertSound();
        Assert.Empty(world.Letters.Letters);
        Assert.Equal(200, world.Sink.Documents.Count);
        Assert.InRange(world.Model.BatchSizes.Max(), 2, 3);
        report.Seen($"{CreateEngine().Name}: batches of up to {world.Batching.MaxBatchSize} and memory for 3: halved, 200 indexed, 0 lost, 0 dead");
    }

    [Fact]
    public async Task RunAsync_ModelFailsOnEverything_StopsAndDeadLettersNothing()
    {
        var world = new PipelineWorld(CreateEngine(), 2);
        world.Append(200);
        world.Model.BeforeRun = static (_, _) => throw new ArithmeticException("always");
        var error = await Assert.ThrowsAsync<StreamingException>(() => world.RunAsync());
        Assert.Equal(("model_unusable", ExitCode.DependencyUnavailable), (error.Code, error.ExitCode));
        Assert.Empty(world.Letters.Letters);
        Assert.Equal(0, world.Log.TotalCommitted);
        Assert.Equal(0, world.Models.OpenLeases);

        // Mended, nothing is missing.
        world.Model.BeforeRun = null;
        await world.RunAsync();
        world.AssertSound();
        Assert.Equal(200, world.Sink.Documents.Count);
    }

    [Fact]
    public async Task RunAsync_ModelBreaksOnTheWay_StopsBelowTheBound()
    {
        var world = new PipelineWorld(CreateEngine(), 2);
        world.Append(400);
        world.Model.BeforeRun = static (call, _) => call > 10 ? throw new ArithmeticException("from here on") : default;
        var error = await Assert.ThrowsAsync<StreamingException>(() => world.RunAsync());
        Assert.Equal("model_unusable", error.Code);
        Assert.InRange(world.Letters.Letters.Count, 0, world.Batching.MaxModelFailures - 1);
        Assert.NotEmpty(world.Sink.Documents);
        Assert.Empty(world.Ledger.Violations);
    }

    [Fact]
    public async Task Supervisor_ModelUnusable_GivesUp()
    {
        var world = new PipelineWorld(CreateEngine());
        world.Append(20);
        world.Model.BeforeRun = static (_, _) => throw new ArithmeticException("always");
        var starts = 0;
        var supervisor = new PipelineSupervisor(CreateEngine(), world.Delivery, TimeProvider.System);
        var error = await Assert.ThrowsAsync<StreamingException>(() => supervisor.RunAsync(
            _ =>
            {
                starts++;
                var source = world.Log.Consume();
                return new ValueTask<PipelineInstance>(new PipelineInstance(world.Pipeline(source), source.DisposeAsync));
            },
            default,
            default).WaitAsync(PipelineWorld.Patience));
        Assert.Equal(("model_unusable", 1), (error.Code, starts));
    }

    [Fact]
    public async Task RunAsync_OneBadTextManyTimes_StopsNothing()
    {
        var world = new PipelineWorld(CreateEngine());
        world.Append(120, text: static i => i < 100 ? "always " + FakeModel.Poison : "text " + Make.Number(i));
        await world.RunAsync();
        world.AssertSound();
        Assert.Equal(100, world.Letters.Letters.Count);
    }

    [Fact]
    public async Task RunAsync_BoundOfModelFailuresIsZero_DeadLettersAll()
    {
        var world = new PipelineWorld(CreateEngine());
        world.Batching = world.Batching with { MaxModelFailures = 0 };
        world.Append(50, text: static i => Make.Number(i) + " " + FakeModel.Poison);
        await world.RunAsync();
        world.AssertSound();
        Assert.Equal(50, world.Letters.Letters.Count);
    }

    private static string Text(int number) => $"text of Name{Make.Number(number)} is good";

    private static int Passes(PipelineWorld world) => world.Model.BatchSizes.Sum();

    private PipelineWorld Repeating(int count, int texts)
    {
        var world = new PipelineWorld(CreateEngine(), 2);
        world.Append(count, text: i => Text(i % texts));
        return world;
    }
}
