using Streaming.Core.Engine;
using Streaming.Core.Models;
using Streaming.Testing.Engine;
using Streaming.Testing.Fakes;

namespace Streaming.Testing.Conformance;

/// <summary>What a swap of the model does to a stream that runs: nothing that anybody sees but the version.</summary>
public abstract class ModelSwapConformance
{
    private const int Swaps = 200;
    private const int DocumentsASwap = 15;

    /// <summary>The engine under test.</summary>
    protected abstract IPipelineEngine CreateEngine();

    [Fact]
    public async Task RunAsync_TwoHundredSwapsUnderLoad_NothingFailsNothingMixes()
    {
        var models = new List<FakeModel> { new("0") };
        await using var slot = new ModelSlot(models[0]);
        var world = new PipelineWorld(CreateEngine(), partitions: 4) { ModelSource = slot };
        world.Append(Swaps * DocumentsASwap + 200);
        var mostAlive = 0;
        await using var source = world.Log.Consume();

        var run = world.StartAsync(source, default, default);
        for (var swap = 1; swap <= Swaps; swap++)
        {
            await PipelineWorld.UntilAsync(() => world.Progress.Snapshot().Outcomes.Total >= swap * DocumentsASwap || run.IsCompleted);
            var next = new FakeModel(swap.ToString(System.Globalization.CultureInfo.InvariantCulture));
            models.Add(next);
            await slot.SwapAsync((_, _) => new(next), CancellationToken.None).AsTask().WaitAsync(PipelineWorld.Patience);
            mostAlive = Math.Max(mostAlive, models.Count(static model => !model.IsDisposed));
        }

        await run.WaitAsync(PipelineWorld.Patience);

        // The fake model refuses a batch with windows of another and a document that another prepared: those would be dead letters.
        world.AssertSound();
        Assert.Empty(world.Letters.Letters);
        Assert.Equal((Swaps * DocumentsASwap) + 200, world.Sink.Documents.Count);
        Assert.InRange(world.Sink.Documents.Values.Select(static document => document.Lineage.ModelVersion).Distinct().Count(), Swaps / 4, Swaps + 1);
        Assert.InRange(mostAlive, 1, 2);
        await PipelineWorld.UntilAsync(() => slot.AliveVersions == 1);
        Assert.All(models.SkipLast(1), static model => Assert.True(model.IsDisposed));
    }
}
