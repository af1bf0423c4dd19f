using Streaming.Core.Models.Bundle;
using Streaming.Learning.Data;
using Streaming.Learning.Features;
using Streaming.Learning.Heads;
using Streaming.Learning.Recipes;
using Streaming.Text.Analysis;
using Streaming.Text.Features;

namespace Streaming.Learning.Training;

/// <summary>What the training of one head needs, and the steps that taggers and classifiers share.</summary>
internal sealed class HeadContext(HeadRecipe recipe, SampleLoader loader, Encoding encoding, long seed, string scratch, IProgress<TrainingProgress>? progress)
{
    public HeadRecipe Recipe => recipe;

    public SampleLoader Loader => loader;

    public FeatureLayout Layout { get; } = FeatureLayout.Create(
        encoding.Runner.Info, recipe.IsTagger ? HeadUnit.Token : HeadUnit.Document, recipe.Layers, recipe.WordShape);

    /// <summary>Columns that are hidden states.</summary>
    public int DenseColumns => recipe.Layers.Count * encoding.Runner.Info.Dimensions;

    public ulong Seed => (ulong)seed;

    public void Report(string stage, int done, int total, double? loss = null) =>
        progress?.Report(new TrainingProgress(recipe.Name, stage, done, total, loss));

    public FeatureCache NewCache(int rows) => new(Path.Combine(scratch, $"{recipe.Name}.bf16"), Layout.Inputs, rows);

    /// <summary>Gathers vectors; the sink gets each text's index and its vectors, row-major.</summary>
    public Task ExtractAsync(IReadOnlyList<FeatureText> texts, string stage, VectorSink sink, CancellationToken cancellationToken) =>
        encoding.ExtractAsync(Layout, texts, sink, done => Report(stage, done, texts.Count), cancellationToken);

    public async ValueTask OptimizeAsync(IObjective objective, float[] parameters, CancellationToken cancellationToken)
    {
        var settings = recipe.Optimizer;
        if (settings.UseLbfgs)
        {
            var optimizer = new LbfgsOptimizer { MaxIterations = settings.MaxIterations, L2 = settings.L2 };
            await optimizer.MinimizeAsync(objective, parameters, (i, loss) => Report("train", i, settings.MaxIterations, loss), cancellationToken).ConfigureAwait(false);
        }
        else
        {
            var optimizer = new AdamOptimizer { Epochs = settings.Epochs, BatchSize = settings.BatchSize, LearningRate = settings.LearningRate, L2 = settings.L2, Seed = Seed };
            await optimizer.MinimizeAsync(objective, parameters, (e, loss) => Report("train", e, settings.Epochs, loss), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The manifest of the head, not calibrated and not measured yet.</summary>
    public static HeadManifest Manifest(HeadRecipe recipe) => new()
    {
        Name = recipe.Name,
        Task = recipe.Task,
        Kind = recipe.Kind,
        Unit = recipe.IsTagger ? HeadUnit.Token : HeadUnit.Document,
        Labels = recipe.Outputs,
        Layers = recipe.Layers,
        WordShape = recipe.WordShape,
        File = $"heads/{recipe.Name}.safetensors",
    };
}
