using Streaming.Contracts;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Data;
using Streaming.Learning.Features;
using Streaming.Learning.Heads;
using Streaming.Learning.Metrics;
using Streaming.Learning.Recipes;
using Streaming.Learning.Training;
using Streaming.Text.Features;
using Streaming.Text.Heads;
using Streaming.Text.Tokenization;

namespace Streaming.Learning.Selection;

/// <summary>
/// Does choosing pay? Trains a tagging head on chosen sentences of a pool and on as many random ones, and measures both on a test set.
/// The encoder runs once over each text; its features serve every training.
/// </summary>
public sealed class SelectionExperiment : IDisposable
{
    private const int MinSteps = 400;

    private readonly HeadRecipe _recipe;
    private readonly HeadManifest _manifest;
    private readonly EncoderInfo _encoder;
    private readonly List<TaggedText> _pool;
    private readonly List<TaggedText> _test;
    private readonly Table _poolFeatures;
    private readonly Table _testFeatures;
    private readonly string _scratch;

    private SelectionExperiment(HeadRecipe recipe, EncoderInfo encoder, List<TaggedText> pool, List<TaggedText> test, Table poolFeatures, Table testFeatures, string scratch) =>
        (_recipe, _manifest, _encoder, _pool, _test, _poolFeatures, _testFeatures, _scratch) = (recipe, HeadContext.Manifest(recipe), encoder, pool, test, poolFeatures, testFeatures, scratch);

    /// <summary>Takes the features of pool and test.</summary>
    /// <param name="recipe">A tagging head with its data.</param>
    /// <param name="loader">Reads the data.</param>
    /// <param name="tokenizer">The encoder's.</param>
    /// <param name="runner">Runs the encoder.</param>
    /// <param name="poolSize">Most sentences of the pool, drawn with seed 1.</param>
    /// <param name="scratch">Folder for features while this lives.</param>
    /// <param name="progress">Told how many texts are done; may be null.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public static async Task<SelectionExperiment> PrepareAsync(
        HeadRecipe recipe, SampleLoader loader, ITokenizer tokenizer, IModelRunner runner, int poolSize, string scratch, Action<int>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(loader);
        ArgumentNullException.ThrowIfNull(runner);
        if (!recipe.IsTagger)
            throw new Core.StreamingException("head_not_tagger", $"The head '{recipe.Name}' labels whole texts; this experiment needs one on words.");
        var all = recipe.Train.SelectMany(source => loader.Tagged(source, recipe.Labels)).Where(static text => text.Words.Count > 0).DistinctBy(static text => text.Text).ToArray();
        new SeededRandom(1).Shuffle(all.AsSpan());
        var pool = all.Take(poolSize).ToList();
        var test = recipe.Test.SelectMany(source => loader.Tagged(source, recipe.Labels)).Where(static text => text.Words.Count > 0).ToList();
        var layout = FeatureLayout.Create(runner.Info, HeadUnit.Token, recipe.Layers, recipe.WordShape);
        var encoding = new Encoding(tokenizer, runner);
        var poolFeatures = await Table.OfAsync(encoding, layout, pool, Path.Combine(scratch, "pool.bf16"), progress, cancellationToken).ConfigureAwait(false);
        var testFeatures = await Table.OfAsync(encoding, layout, test, Path.Combine(scratch, "test.bf16"), done => progress?.Invoke(pool.Count + done), cancellationToken).ConfigureAwait(false);
        return new SelectionExperiment(recipe, runner.Info, pool, test, poolFeatures, testFeatures, scratch);
    }

    /// <summary>Sentences of the pool and of the test set.</summary>
    public (int Pool, int Test) Sizes => (_pool.Count, _test.Count);

    /// <summary>Micro F1 after so many sentences, chosen and random, with one seed.</summary>
    /// <param name="sizes">Rising numbers of sentences.</param>
    /// <param name="start">Random sentences that the first choice is made with.</param>
    /// <param name="rounds">Choices between two sizes; the head is trained again before each.</param>
    /// <param name="measure">What counts as unsure.</param>
    /// <param name="seed">Draws the random sentences.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<IReadOnlyList<SelectionPoint>> RunAsync(
        IReadOnlyList<int> sizes, int start, int rounds, UncertaintyMeasure measure, ulong seed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(sizes);
        var order = Enumerable.Range(0, _pool.Count).ToArray();
        new SeededRandom(seed).Shuffle(order.AsSpan());
        var chosen = order.Take(start).ToList();
        var points = new List<SelectionPoint>();
        foreach (var size in sizes.Where(size => size <= _pool.Count))
        {
            var before = chosen.Count;
            for (var round = 1; round <= rounds; round++)
            {
                var head = await FitAsync(chosen, seed, cancellationToken).ConfigureAwait(false);
                Choose(head, chosen, before + (int)((long)(size - before) * round / rounds), measure);
            }

            var active = Measure(await FitAsync(chosen, seed, cancellationToken).ConfigureAwait(false)).ToReport().Micro.F1;
            var random = Measure(await FitAsync([.. order.Take(size)], seed, cancellationToken).ConfigureAwait(false)).ToReport().Micro.F1;
            points.Add(new SelectionPoint(size, active, random));
        }

        return points;
    }

    /// <summary>
    /// Whether the control slice tells the truth: estimates the micro F1 of a head trained on random sentences from slices of the test set
    /// as the selector draws them, each with a 95 % interval.
    /// </summary>
    /// <param name="trainedOn">Random sentences it is trained on.</param>
    /// <param name="rate">Share of documents in a slice.</param>
    /// <param name="runs">Slices, each with another seed.</param>
    /// <param name="time">Clock of the selector.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<ControlSliceReport> ControlAsync(int trainedOn, double rate, int runs, TimeProvider time, CancellationToken cancellationToken)
    {
        var order = Enumerable.Range(0, _pool.Count).ToArray();
        new SeededRandom(1).Shuffle(order.AsSpan());
        var counter = Measure(await FitAsync([.. order.Take(trainedOn)], 1, cancellationToken).ConfigureAwait(false));
        var truth = counter.ToReport().Micro.F1;
        var slices = new List<ControlSlice>();
        for (var run = 1; run <= runs; run++)
        {
            var selector = new SampleSelector(new SelectionOptions { Topology = "experiment", Tasks = [LabelTask.Entities], ControlRate = rate, Seed = (ulong)run }, time);
            var slice = counter.Samples.Where((_, i) => selector.IsControl($"test-{i}")).ToList();
            var interval = BootstrapInterval.OfMicroF1(slice, (ulong)run);
            var (correct, said) = (slice.Sum(static s => s.Correct), slice.Sum(static s => s.Predicted + s.Gold));
            slices.Add(new ControlSlice(slice.Count, said == 0 ? 0 : 2.0 * correct / said, interval.Low, interval.High));
        }

        return new ControlSliceReport(truth, slices);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _poolFeatures.Dispose();
        _testFeatures.Dispose();
    }

    // As the pipeline chooses: the least sure first, nearly the same never twice.
    private void Choose(Head head, List<int> chosen, int size, UncertaintyMeasure measure)
    {
        var seen = new NearDuplicateIndex(_pool.Count, 0.8, 1);
        foreach (var index in chosen)
            seen.Add($"{index}", _pool[index].Text);
        var taken = chosen.ToHashSet();
        var doubts = Enumerable.Range(0, _pool.Count).Where(index => !taken.Contains(index)).Select(index => (Index: index, Doubt: Doubt(head, index, measure)))
            .OrderByDescending(static pair => pair.Doubt).ThenBy(static pair => pair.Index);
        foreach (var (index, _) in doubts)
        {
            if (chosen.Count >= size)
                return;
            if (seen.Find(_pool[index].Text) is not null)
                continue;
            seen.Add($"{index}", _pool[index].Text);
            chosen.Add(index);
        }
    }

    private double Doubt(Head head, int index, UncertaintyMeasure measure)
    {
        var unsure = new TagUncertainty();
        Decode(head, _pool[index], _poolFeatures, index, unsure);
        return measure.Of(new TaskUncertainty { Task = LabelTask.Entities, LeastConfidence = unsure.LeastConfidence, Margin = unsure.Margin, Entropy = unsure.Entropy, Sequence = unsure.Sequence });
    }

    private SpanCounter Measure(Head head)
    {
        var counter = new SpanCounter();
        for (var i = 0; i < _test.Count; i++)
        {
            var found = Decode(head, _test[i], _testFeatures, i, null).Select(static span => new TagSpan(span.Type, span.First, span.Last));
            counter.Add(TaggedUnits.Gold(_test[i]), TaggedUnits.Scored(found, _test[i]));
        }

        return counter;
    }

    private static List<TaggedSpan> Decode(Head head, TaggedText text, Table features, int index, TagUncertainty? unsure)
    {
        var logits = TaggedUnits.Logits(head, features.Read(index), text.Words.Count);
        var spans = new List<TaggedSpan>();
        foreach (var (first, count) in TaggedUnits.Units(text, keepSpansWhole: false))
            head.Decode(logits.AsSpan(first * head.Labels, count * head.Labels), first, spans, unsure);
        return spans;
    }

    private async Task<Head> FitAsync(List<int> chosen, ulong seed, CancellationToken cancellationToken)
    {
        using var cache = new FeatureCache(Path.Combine(_scratch, "train.bf16"), _poolFeatures.Inputs, chosen.Sum(index => _pool[index].Words.Count));
        var row = 0;
        foreach (var index in chosen)
        {
            cache.Write(row, _poolFeatures.Read(index));
            row += _pool[index].Words.Count;
        }

        cache.Seal();
        var rows = new TrainingRows(cache, _recipe.Outputs.Count);
        foreach (var index in chosen)
        {
            var allowed = TaggedUnits.Allowed(_pool[index], _recipe.Labels);
            foreach (var (first, count) in TaggedUnits.Units(_pool[index], keepSpansWhole: true))
                rows.AddUnit(allowed.AsSpan(first, count));
        }

        var standardizer = new Standardizer(cache, _recipe.Layers.Count * _encoder.Dimensions);
        var isChain = _recipe.Kind == HeadKind.Crf;
        var layout = new HeadParameters(_recipe.Outputs.Count, DenseKernels.Stride(cache.Dimensions), isChain);
        IObjective objective = isChain ? new ChainObjective(rows, standardizer, _recipe.Outputs) : new SoftmaxObjective(rows, standardizer);
        var parameters = objective is ChainObjective chain ? chain.Initial() : new float[objective.ParameterCount];
        var settings = _recipe.Optimizer;

        // Few sentences need more passes: every training takes at least so many steps.
        var epochs = Math.Max(settings.Epochs, (MinSteps * settings.BatchSize + rows.UnitCount - 1) / rows.UnitCount);
        await new AdamOptimizer { Epochs = epochs, BatchSize = settings.BatchSize, LearningRate = settings.LearningRate, L2 = settings.L2, Seed = seed }
            .MinimizeAsync(objective, parameters, null, cancellationToken).ConfigureAwait(false);
        var (weights, bias) = standardizer.Fold(parameters, parameters.AsSpan(layout.Bias, layout.Labels), layout.Stride);
        return new Head(_manifest, _encoder, weights, bias, isChain
            ? (parameters.AsSpan(layout.Start, layout.Labels).ToArray(), parameters.AsSpan(layout.Transitions, layout.Labels * layout.Labels).ToArray(), parameters.AsSpan(layout.End, layout.Labels).ToArray())
            : null);
    }

    /// <summary>Features of texts, on disk.</summary>
    private sealed class Table(FeatureCache cache, int[] starts) : IDisposable
    {
        public int Inputs => cache.Dimensions;

        public static async Task<Table> OfAsync(Encoding encoding, FeatureLayout layout, List<TaggedText> texts, string path, Action<int>? progress, CancellationToken cancellationToken)
        {
            var starts = new int[texts.Count + 1];
            for (var i = 0; i < texts.Count; i++)
                starts[i + 1] = starts[i] + texts[i].Words.Count;
            var cache = new FeatureCache(path, layout.Inputs, starts[^1]);
            await encoding.ExtractAsync(layout, texts.ConvertAll(TaggedUnits.ToFeatureText), (text, vectors) => cache.Write(starts[text], vectors), progress, cancellationToken).ConfigureAwait(false);
            cache.Seal();
            return new Table(cache, starts);
        }

        public float[] Read(int text)
        {
            var values = new float[(starts[text + 1] - starts[text]) * cache.Dimensions];
            if (values.Length > 0)
                cache.Read(starts[text], starts[text + 1] - starts[text], values, cache.Dimensions);
            return values;
        }

        public void Dispose() => cache.Dispose();
    }
}
