using Streaming.Core.Models.Bundle;
using Streaming.Learning.Blending;
using Streaming.Learning.Recipes;
using Streaming.Learning.Training;
using Streaming.Text.Words;

namespace Streaming.Learning.FineTuning;

/// <summary>One head with its data while the encoder is trained: batches, loss, measurement.</summary>
internal abstract class TuningTask(HeadRecipe recipe, TaskSettings settings, int index, FineTuningSettings tuning, ulong seed) : IDisposable
{
    private BatchStream? _stream;

    public HeadRecipe Recipe => recipe;

    public TaskSettings Settings => settings;

    /// <summary>Index of the head in the model.</summary>
    public int Index => index;

    /// <summary>What the head has besides its linear layer; null for heads on whole texts.</summary>
    public virtual ChainTail? Tail => null;

    /// <summary>Rows to learn from.</summary>
    public abstract IReadOnlyList<TuningRow> Train { get; }

    /// <summary>Texts to learn from, each with the name of its data set; rows name their places.</summary>
    public abstract IReadOnlyList<(string Text, string Set)> TrainTexts { get; }

    /// <summary>Batches to learn from.</summary>
    public BatchStream Stream => _stream ??= tuning.Blend is { } blend ? Blended(blend) : new BatchStream(Train, tuning.MaxBatchTokens, Seed);

    protected ulong Seed { get; } = seed + (0xD1B54A32D192ED03UL * (ulong)(index + 1));

    protected FineTuningSettings Tuning => tuning;

    /// <summary>What the backend is told of the head; its first weights are small and seeded.</summary>
    public TrainableHead ToTrainable(int hidden) => new()
    {
        Name = recipe.Name,
        Kind = recipe.IsTagger ? TrainableHeadKind.Token : TrainableHeadKind.Document,
        Labels = recipe.Outputs.Count,
        Layers = recipe.Layers,
        Weight = FirstWeights(recipe.Outputs.Count * recipe.Layers.Count * hidden),
        Bias = new float[recipe.Outputs.Count],
    };

    /// <summary>Forward and backward of one batch.</summary>
    public abstract StepLoss Accumulate(ITrainableModel model, List<TuningRow> rows);

    /// <summary>Metrics on the development data; the first is the one that counts.</summary>
    public abstract IReadOnlyList<(string Name, double Value)> Measure(ITrainableModel model, CancellationToken cancellationToken);

    /// <summary>The head in the product's form, on raw features.</summary>
    /// <param name="manifest">Its manifest, neither calibrated nor measured.</param>
    /// <param name="export">What the model gave out.</param>
    /// <param name="tail">Parameters of <see cref="Tail"/> at that time.</param>
    public TrainedHead ToHead(HeadManifest manifest, IReadOnlyDictionary<string, float[]> export, ReadOnlySpan<float> tail)
    {
        var weight = export[$"heads.{recipe.Name}.weight"];
        var bias = export[$"heads.{recipe.Name}.bias"];
        if (Tail is not { } owner)
            return new TrainedHead(manifest, weight, bias, null);
        if (owner.ShapeCount == 0)
            return new TrainedHead(manifest, weight, bias, owner.Chain(tail));
        var labels = bias.Length;
        var dense = weight.Length / labels;
        var inputs = dense + WordShape.Dimensions;
        var combined = new float[labels * inputs];
        for (var k = 0; k < labels; k++)
        {
            weight.AsSpan(k * dense, dense).CopyTo(combined.AsSpan(k * inputs));
            tail.Slice(k * WordShape.Dimensions, WordShape.Dimensions).CopyTo(combined.AsSpan((k * inputs) + dense));
        }

        return new TrainedHead(manifest, combined, bias, owner.Chain(tail));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Tail?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Logits of rows without dropout, batch by batch.</summary>
    protected void Predict(ITrainableModel model, IReadOnlyList<TuningRow> rows, Action<TuningRow, float[], int> sink, CancellationToken cancellationToken)
    {
        var labels = recipe.Outputs.Count;
        foreach (var batch in RowBatch.Cut(rows.OrderByDescending(r => r.Ids.Length), 2 * tuning.MaxBatchTokens))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var laid = RowBatch.Of(batch, index, recipe.IsTagger);
            var logits = new float[laid.Batch.Units.Length * labels];
            model.Predict(laid.Batch, logits);
            Tail?.AddShapes(batch, logits);
            var at = 0;
            foreach (var row in batch)
            {
                sink(row, logits, at);
                at += row.Units * labels;
            }
        }
    }

    /// <summary>Targets and weights of units with one label each.</summary>
    protected TrainingBatch WithTargets(RowBatch rows, ReadOnlySpan<float> classWeights)
    {
        var labels = recipe.Outputs.Count;
        var units = rows.Batch.Units.Length;
        var (targets, weights) = (new float[units * labels], new float[units]);
        var spread = (float)(settings.LabelSmoothing / labels);
        var unit = 0;
        foreach (var row in rows.Rows)
        {
            foreach (var allowed in row.Allowed)
            {
                var label = System.Numerics.BitOperations.TrailingZeroCount(allowed);
                targets.AsSpan(unit * labels, labels).Fill(spread);
                targets[(unit * labels) + label] += 1 - (float)settings.LabelSmoothing;
                weights[unit++] = classWeights.IsEmpty ? 1 : classWeights[label];
            }
        }

        return rows.Batch with { Targets = targets, Weights = weights };
    }

    /// <summary>What units of each label count; none where all count 1.</summary>
    protected float[] ClassWeights()
    {
        if (!settings.BalancedClasses && settings.ClassWeights.Count == 0)
            return [];
        var outputs = recipe.Outputs;
        var counts = new long[outputs.Count];
        foreach (var allowed in Train.SelectMany(r => r.Allowed))
            counts[System.Numerics.BitOperations.TrailingZeroCount(allowed)]++;
        var all = counts.Sum();
        return
        [
            .. outputs.Select((label, k) => settings.BalancedClasses
                ? counts[k] == 0 ? 1 : (float)((double)all / (outputs.Count * counts[k]))
                : (float)settings.ClassWeights.GetValueOrDefault(label, 1)),
        ];
    }

    /// <summary>So many texts, the same for the same seed.</summary>
    protected List<T> Limited<T>(List<T> samples)
    {
        if (tuning.DevLimit == 0 || samples.Count <= tuning.DevLimit)
            return samples;
        var order = samples.ToArray();
        new SeededRandom(Seed).Shuffle(order.AsSpan());
        return [.. order[..tuning.DevLimit]];
    }

    private BatchStream Blended(BlendSettings blend)
    {
        // A head whose data is gone through several times as often has as many more passes to blend over.
        var own = blend with { Epochs = Math.Max(1, (int)Math.Ceiling(blend.Epochs * settings.Share)), Seed = blend.Seed + (ulong)index };
        var machines = recipe.Train.Where(static source => source.IsDistilled).Select(static source => source.Name).ToHashSet(StringComparer.Ordinal);
        var sampler = new BlendSampler(own, [.. TrainTexts.Select(text => machines.Contains(text.Set))]);
        var rows = Train.ToLookup(static row => row.Text);
        return new BatchStream(pass => [.. sampler.UnitsOf(Math.Min(pass, own.Epochs - 1)).SelectMany(unit => rows[unit])], own.Epochs, tuning.MaxBatchTokens, Seed);
    }

    private float[] FirstWeights(int count)
    {
        // A normal distribution of deviation 0.02, as BERT's own (Box, Muller 1958).
        var random = new SeededRandom(Seed ^ 0x5851F42D4C957F2DUL);
        var weights = new float[count];
        for (var i = 0; i < count; i++)
            weights[i] = (float)(0.02 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return weights;
    }
}
