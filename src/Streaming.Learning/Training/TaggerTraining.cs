using Streaming.Core.Models.Bundle;
using Streaming.Learning.Baselines;
using Streaming.Learning.Data;
using Streaming.Learning.Heads;
using Streaming.Learning.Metrics;
using Streaming.Learning.Recipes;
using Streaming.Text.Analysis;
using Streaming.Text.Heads;

namespace Streaming.Learning.Training;

/// <summary>Trains, calibrates and measures a head on words.</summary>
internal sealed class TaggerTraining(HeadContext context)
{
    private readonly IReadOnlyList<string> _types = context.Recipe.Labels;

    /// <param name="encoder">What the head reads from.</param>
    /// <param name="given">A head that was trained elsewhere, to be calibrated and measured; null: it is fitted here.</param>
    /// <param name="cancellationToken">Ends the training.</param>
    public async ValueTask<(TrainedHead Head, IReadOnlyDictionary<DataSource, long> Rows)> RunAsync(Core.Models.EncoderInfo encoder, TrainedHead? given, CancellationToken cancellationToken)
    {
        var recipe = context.Recipe;
        var (train, dev, test, rows) = Splits.Tagged(context.Loader, recipe, context.Seed);
        var trained = given ?? await FitAsync(train, cancellationToken).ConfigureAwait(false);
        var head = new Head(trained.Manifest, encoder, trained.Weights, trained.Bias, trained.Chain);
        var devSpans = new List<TaggedSpan>[dev.Count];
        var temperature = await CalibrateAsync(head, trained, dev, devSpans, cancellationToken).ConfigureAwait(false);
        var manifest = trained.Manifest with { Temperature = temperature };
        head = new Head(manifest, encoder, trained.Weights, trained.Bias, trained.Chain);

        var spans = new List<TaggedSpan>[test.Count];
        await LogitsAsync(head, test, "measure", (text, logits) => spans[text] = Decode(head, test[text], logits), cancellationToken).ConfigureAwait(false);
        context.Report("baseline", 0, 0);
        manifest = manifest with
        {
            Metrics = TaggerMetrics.Of(dev, devSpans, test, spans, recipe, context.Seed),
            Baselines = new SortedDictionary<string, IReadOnlyDictionary<string, double>>(StringComparer.Ordinal)
            {
                ["majority"] = TaggerMetrics.Scores(test, [.. test.Select(_ => (IReadOnlyList<TagSpan>)[])], recipe),
                ["unigram_tag"] = TaggerMetrics.Scores(test, UnigramSpans(train, test), recipe),
            },
        };
        return (trained with { Manifest = manifest }, rows);
    }

    /// <summary>Spans of one text, sentence by sentence, as serving decodes.</summary>
    public static List<TaggedSpan> Decode(Head head, TaggedText text, float[] logits)
    {
        var spans = new List<TaggedSpan>();
        foreach (var (first, count) in TaggedUnits.Units(text, keepSpansWhole: false))
            head.Decode(logits.AsSpan(first * head.Labels, count * head.Labels), first, spans);
        return spans;
    }

    private async ValueTask<TrainedHead> FitAsync(List<TaggedText> train, CancellationToken cancellationToken)
    {
        var starts = new int[train.Count + 1];
        for (var i = 0; i < train.Count; i++)
            starts[i + 1] = starts[i] + train[i].Words.Count;
        using var cache = context.NewCache(starts[^1]);
        var outputs = context.Recipe.Outputs;
        var rows = new TrainingRows(cache, outputs.Count);
        await context.ExtractAsync(
            Texts(train),
            "features",
            (text, features) => cache.Write(starts[text], features),
            cancellationToken).ConfigureAwait(false);
        cache.Seal();
        foreach (var text in train)
        {
            var allowed = TaggedUnits.Allowed(text, _types);
            foreach (var (first, count) in TaggedUnits.Units(text, keepSpansWhole: true))
                rows.AddUnit(allowed.AsSpan(first, count));
        }

        var standardizer = new Standardizer(cache, context.DenseColumns);
        var isChain = context.Recipe.Kind == HeadKind.Crf;
        var layout = new HeadParameters(outputs.Count, DenseKernels.Stride(cache.Dimensions), isChain);
        float[] parameters;
        if (isChain)
        {
            var objective = new ChainObjective(rows, standardizer, outputs);
            parameters = objective.Initial();
            await context.OptimizeAsync(objective, parameters, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            var objective = new SoftmaxObjective(rows, standardizer);
            parameters = new float[objective.ParameterCount];
            await context.OptimizeAsync(objective, parameters, cancellationToken).ConfigureAwait(false);
        }

        var (weights, bias) = standardizer.Fold(parameters, parameters.AsSpan(layout.Bias, layout.Labels), layout.Stride);
        return new TrainedHead(HeadContext.Manifest(context.Recipe), weights, bias, isChain
            ? (parameters.AsSpan(layout.Start, layout.Labels).ToArray(), parameters.AsSpan(layout.Transitions, layout.Labels * layout.Labels).ToArray(), parameters.AsSpan(layout.End, layout.Labels).ToArray())
            : null);
    }

    private async ValueTask<double> CalibrateAsync(Head head, TrainedHead trained, List<TaggedText> dev, List<TaggedSpan>[] spans, CancellationToken cancellationToken)
    {
        // Without a CRF each word is a chain of its own: the same search with scores of zero between words.
        var labels = head.Labels;
        var chain = trained.Chain ?? (new float[labels], new float[labels * labels], new float[labels]);
        var calibration = new ChainCalibration(chain);
        await LogitsAsync(
            head,
            dev,
            "calibrate",
            (text, logits) =>
            {
                // The best path is the same at every temperature.
                spans[text] = Decode(head, dev[text], logits);
                var allowed = TaggedUnits.Allowed(dev[text], _types);
                foreach (var (first, count) in TaggedUnits.Units(dev[text], keepSpansWhole: true))
                    calibration.Add(logits.AsSpan(first * labels, count * labels), allowed.AsSpan(first, count));
            },
            cancellationToken).ConfigureAwait(false);
        return calibration.Fit(cancellationToken);
    }

    private async ValueTask LogitsAsync(Head head, List<TaggedText> texts, string stage, Action<int, float[]> sink, CancellationToken cancellationToken)
    {
        await context.ExtractAsync(
            Texts(texts),
            stage,
            (text, features) =>
            {
                sink(text, TaggedUnits.Logits(head, features, texts[text].Words.Count));
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static List<IReadOnlyList<TagSpan>> UnigramSpans(List<TaggedText> train, List<TaggedText> test)
    {
        var tagger = new UnigramTagger();
        foreach (var text in train)
            tagger.Add(Surfaces(text), Iob2.FromSpans(text.Spans, text.Words.Count));
        return [.. test.Select(t => (IReadOnlyList<TagSpan>)TagSpans.Read(tagger.Predict(Surfaces(t))))];
    }

    private static string[] Surfaces(TaggedText text) => [.. text.Words.Select(w => text.Text[w.Start..w.End])];

    private static List<FeatureText> Texts(List<TaggedText> samples) => samples.ConvertAll(TaggedUnits.ToFeatureText);
}
