using Streaming.Core.Engine;
using Streaming.Core.Models;
using Streaming.Testing.Engine;
using Streaming.Testing.Fakes;
using Streaming.Testing.Faults;

namespace Streaming.Testing.Conformance;

/// <summary>What a swap of the model does to a stream that runs: nothing that anybody sees but the version.</summary>
public abstract class ModelSwapConformance
{
    private const int Swaps = 200;
    private const int DocumentsASwap = 15;

    /// <summary>The engine under test.</summary>
    protected abstract IPipelineEngine CreateEngine();

    [Fact]
    [FaultRow(25)]
    public async Task RunAsync_TwoHundredSwapsUnderLoad_NothingFailsNothingMixes()
    {
        using var report = FaultReport.Begin(25);
        var models = new List<FakeModel> { new("0") };
        await using var slot = new ModelSlot(models[0]);
        var world = new PipelineWorld(CreateEngine(), partitions: 4) { ModelSource = slot };
        var (fed, mostAlive) = (0, 0);
        await using var source = world.Log.Consume(endsAtEnd: false);
        using var drain = new CancellationTokenSource();

        // Fed as it goes: an engine that is through before the second swap would show nothing.
        void Feed()
        {
            for (var i = 0; i < DocumentsASwap; i++, fed++)
                world.Log.Append($"text number {Make.Number(fed)} of Someone is good", "key-" + Make.Number(fed), fed % world.Log.Partitions);
        }

        Feed();
        var run = world.StartAsync(source, drain.Token, default);
        for (var swap = 1; swap <= Swaps; swap++)
        {
            // What was fed last is under way while the model is swapped.
            var before = fed - DocumentsASwap;
            Feed();
            await PipelineWorld.UntilAsync(() => world.Progress.Snapshot().Outcomes.Total > before || run.IsCompleted);
            var next = new FakeModel(swap.ToString(System.Globalization.CultureInfo.InvariantCulture));
            models.Add(next);
            await slot.SwapAsync((_, _) => new(next), CancellationToken.None).AsTask().WaitAsync(PipelineWorld.Patience);
            mostAlive = Math.Max(mostAlive, models.Count(static model => !model.IsDisposed));
        }

        await PipelineWorld.UntilAsync(() => world.Progress.Snapshot().Outcomes.Total >= fed || run.IsCompleted);
        await drain.CancelAsync();
        await run.WaitAsync(PipelineWorld.Patience);

        // The fake model refuses a batch with windows of another and a document that another prepared: those would be dead letters.
        world.AssertSound();
        Assert.Empty(world.Letters.Letters);
        Assert.Equal(fed, world.Sink.Documents.Count);
        Assert.InRange(world.Sink.Documents.Values.Select(static document => document.Lineage.ModelVersion).Distinct().Count(), Swaps / 4, Swaps + 1);
        Assert.InRange(mostAlive, 1, 2);
        await PipelineWorld.UntilAsync(() => slot.AliveVersions == 1);
        Assert.All(models.SkipLast(1), static model => Assert.True(model.IsDisposed));
        report.Seen($"{CreateEngine().Name}: {Swaps} swaps under load, {fed:#,0} documents, 0 failed, no mixed batch, at most {mostAlive} versions in memory");
    }
}
