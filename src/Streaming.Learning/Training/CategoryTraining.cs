using Streaming.Core.Models;
using Streaming.Learning.Baselines;
using Streaming.Learning.Data;
using Streaming.Learning.Metrics;
using Streaming.Learning.Recipes;
using Streaming.Text.Heads;

namespace Streaming.Learning.Training;

/// <summary>Trains, calibrates and measures a head that says which categories a text judges, and how.</summary>
internal sealed class CategoryTraining(HeadContext context)
{
    private readonly CategorySet _set = new(context.Recipe.Outputs);

    /// <param name="encoder">What the head reads from.</param>
    /// <param name="given">A head that was trained elsewhere, to be calibrated and measured; null: it is fitted here.</param>
    /// <param name="cancellationToken">Ends the training.</param>
    public async ValueTask<(TrainedHead Head, IReadOnlyDictionary<DataSource, long> Rows)> RunAsync(EncoderInfo encoder, TrainedHead? given, CancellationToken cancellationToken)
    {
        var (train, dev, test, rows) = Splits.Categorized(context.Loader, context.Recipe, _set);
        var (weights, bias) = given is null
            ? await TextHeadFitting.FitAsync(context, Texts(train), train.ConvertAll(text => text.Allowed(_set)), _set.Outcomes, cancellationToken).ConfigureAwait(false)
            : (given.Weights, given.Bias);
        var head = new Head(HeadContext.Manifest(context.Recipe), encoder, weights, bias);
        var devLogits = await TextHeadFitting.LogitsAsync(context, head, Texts(dev), "calibrate", cancellationToken).ConfigureAwait(false);
        var manifest = head.Manifest with { Temperature = Temperature(dev, devLogits) };
        head = new Head(manifest, encoder, weights, bias);
        var testLogits = await TextHeadFitting.LogitsAsync(context, head, Texts(test), "measure", cancellationToken).ConfigureAwait(false);

        context.Report("baseline", 0, 0);
        manifest = manifest with
        {
            Metrics = Measure(CategoryReport.Of(dev, Decode(head, devLogits), _set), CategoryReport.Of(test, Decode(head, testLogits), _set)),
            Baselines = new SortedDictionary<string, IReadOnlyDictionary<string, double>>(StringComparer.Ordinal)
            {
                ["bag_of_words"] = Scores(CategoryReport.Of(test, await BagOfWordsAsync(train, test, cancellationToken).ConfigureAwait(false), _set)),
                ["majority"] = Scores(CategoryReport.Of(test, Majority(train, test.Count), _set)),
            },
        };
        return (new TrainedHead(manifest, weights, bias, null), rows);
    }

    /// <summary>What a head makes of logits, text by text.</summary>
    public static CategoryScore[][] Decode(Head head, double[] logits)
    {
        var scores = new CategoryScore[logits.Length / head.Labels][];
        var row = new float[head.Labels];
        for (var text = 0; text < scores.Length; text++)
        {
            for (var k = 0; k < row.Length; k++)
                row[k] = (float)logits[(text * row.Length) + k];
            scores[text] = head.Categorize(row);
        }

        return scores;
    }

    /// <summary>Each category of each text is an example of its own; those that people disagreed on say nothing.</summary>
    private double Temperature(List<CategorizedText> texts, double[] logits)
    {
        var (kept, labels) = (new List<double>(), new List<int>());
        var at = 0;
        foreach (var outcome in texts.SelectMany(static text => text.Outcomes))
        {
            if (outcome != CategorizedText.Disputed)
            {
                kept.AddRange(logits.AsSpan(at, _set.Outcomes));
                labels.Add(outcome);
            }

            at += _set.Outcomes;
        }

        return TemperatureScaling.Fit(kept.ToArray(), labels.ToArray(), _set.Outcomes);
    }

    private SortedDictionary<string, double> Measure(CategoryReport dev, CategoryReport test)
    {
        var metrics = Scores(test);
        var interval = BootstrapInterval.OfMicroF1(test.Samples, context.Seed);
        metrics["test.micro_f1.high"] = interval.High;
        metrics["test.micro_f1.low"] = interval.Low;
        metrics["test.ece"] = test.Calibration.ExpectedError;
        metrics["test.samples"] = test.Samples.Count;
        foreach (var (category, score) in test.Pairs.Types)
            metrics[$"test.f1.{category}"] = score.F1;
        metrics["dev.micro_f1"] = dev.Pairs.Micro.F1;
        metrics["dev.category_f1"] = dev.Categories.Micro.F1;
        return metrics;
    }

    private static SortedDictionary<string, double> Scores(CategoryReport report) => new(StringComparer.Ordinal)
    {
        ["test.micro_f1"] = report.Pairs.Micro.F1,
        ["test.macro_f1"] = report.Pairs.Macro?.F1 ?? 0,
        ["test.pair_f1"] = report.Pairs.Micro.F1,
        ["test.category_f1"] = report.Categories.Micro.F1,
        ["test.sentiment_accuracy"] = report.SentimentAccuracy,
    };

    /// <summary>The most frequent category with its most frequent sentiment, for every text.</summary>
    private CategoryScore[][] Majority(List<CategorizedText> train, int count)
    {
        var (category, sentiment) = Enumerable.Range(0, _set.Categories.Count)
            .SelectMany(category => Enumerable.Range(0, _set.Sentiments.Count).Select(sentiment => (Category: category, Sentiment: sentiment)))
            .MaxBy(pair => train.Count(text => text.Outcomes[pair.Category] == 1 + pair.Sentiment));
        return [.. Enumerable.Repeat(Certain([.. _set.Categories.Select((_, index) => index == category ? 1 + sentiment : CategorizedText.Absent)]), count)];
    }

    private async ValueTask<CategoryScore[][]> BagOfWordsAsync(List<CategorizedText> train, List<CategorizedText> test, CancellationToken cancellationToken)
    {
        var outcomes = test.ConvertAll(_ => new int[_set.Categories.Count]);
        for (var category = 0; category < _set.Categories.Count; category++)
        {
            var known = train.FindAll(text => text.Outcomes[category] != CategorizedText.Disputed);
            var words = await BagOfWordsClassifier.TrainAsync(Texts(known), known.ConvertAll(text => text.Outcomes[category]), _set.Outcomes, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < test.Count; i++)
                outcomes[i][category] = words.Predict(test[i].Text);
        }

        return [.. outcomes.Select(Certain)];
    }

    private static CategoryScore[] Certain(int[] outcomes) =>
        [.. outcomes.Select(static (outcome, category) => new CategoryScore(category, Math.Max(0, outcome - 1), outcome > 0 ? 1 : 0, outcome > 0 ? 1 : 0, outcome > 0))];

    private static List<string> Texts(List<CategorizedText> texts) => texts.ConvertAll(static text => text.Text);
}
