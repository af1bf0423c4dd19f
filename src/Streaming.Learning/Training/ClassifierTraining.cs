using Streaming.Learning.Baselines;
using Streaming.Learning.Data;
using Streaming.Learning.Heads;
using Streaming.Learning.Metrics;
using Streaming.Learning.Recipes;
using Streaming.Text.Analysis;
using Streaming.Text.Heads;

namespace Streaming.Learning.Training;

/// <summary>Trains, calibrates and measures a head on whole texts.</summary>
internal sealed class ClassifierTraining(HeadContext context)
{
    /// <param name="encoder">What the head reads from.</param>
    /// <param name="given">A head that was trained elsewhere, to be calibrated and measured; null: it is fitted here.</param>
    /// <param name="cancellationToken">Ends the training.</param>
    public async ValueTask<(TrainedHead Head, IReadOnlyDictionary<DataSource, long> Rows)> RunAsync(Core.Models.EncoderInfo encoder, TrainedHead? given, CancellationToken cancellationToken)
    {
        var (train, dev, test, rows) = Splits.Classified(context.Loader, context.Recipe);
        var (weights, bias) = given is null
            ? await TextHeadFitting.FitAsync(context, Texts(train), train.ConvertAll(static s => 1u << s.Label), context.Recipe.Outputs.Count, cancellationToken).ConfigureAwait(false)
            : (given.Weights, given.Bias);
        var head = new Head(HeadContext.Manifest(context.Recipe), encoder, weights, bias);
        var devLogits = await TextHeadFitting.LogitsAsync(context, head, Texts(dev), "calibrate", cancellationToken).ConfigureAwait(false);
        var temperature = TemperatureScaling.Fit(devLogits, Labels(dev), head.Labels);
        var testLogits = await TextHeadFitting.LogitsAsync(context, head, Texts(test), "measure", cancellationToken).ConfigureAwait(false);

        context.Report("baseline", 0, 0);
        var bow = await BagOfWordsClassifier.TrainAsync(Texts(train), Labels(train), head.Labels, cancellationToken).ConfigureAwait(false);
        var majority = Enumerable.Range(0, head.Labels).MaxBy(k => train.Count(s => s.Label == k));
        var manifest = head.Manifest with
        {
            Temperature = temperature,
            Metrics = Measure(dev, devLogits, test, testLogits, head.Labels, temperature),
            Baselines = new SortedDictionary<string, IReadOnlyDictionary<string, double>>(StringComparer.Ordinal)
            {
                ["bag_of_words"] = Scores(ClassificationReport.Of(Labels(test), [.. test.Select(s => bow.Predict(s.Text))], head.Labels)),
                ["majority"] = Scores(ClassificationReport.Of(Labels(test), [.. test.Select(_ => majority)], head.Labels)),
            },
        };
        return (new TrainedHead(manifest, weights, bias, null), rows);
    }

    private SortedDictionary<string, double> Measure(
        List<ClassifiedText> dev, double[] devLogits, List<ClassifiedText> test, double[] testLogits, int labels, double temperature)
    {
        var gold = Labels(test);
        var predicted = Best(testLogits, labels);
        var report = ClassificationReport.Of(gold, predicted, labels);
        var interval = BootstrapInterval.Of(gold.Length, context.Seed, 1000, 0.95, draw => draw.Count(i => gold[i] == predicted[i]) / (double)draw.Length);
        var metrics = Scores(report);
        metrics["test.accuracy.high"] = interval.High;
        metrics["test.accuracy.low"] = interval.Low;
        metrics["test.ece"] = ProbabilityReport.Of(testLogits, gold, labels, temperature).Calibration.ExpectedError;
        metrics["test.ece.uncalibrated"] = ProbabilityReport.Of(testLogits, gold, labels).Calibration.ExpectedError;
        metrics["test.samples"] = gold.Length;
        for (var k = 0; k < labels; k++)
            metrics[$"test.f1.{context.Recipe.Labels[k]}"] = report.Classes[k].F1;
        var devReport = ClassificationReport.Of(Labels(dev), Best(devLogits, labels), labels);
        metrics["dev.accuracy"] = devReport.Accuracy;
        metrics["dev.macro_f1"] = devReport.Macro.F1;
        return metrics;
    }

    private static int[] Best(double[] logits, int labels)
    {
        var best = new int[logits.Length / labels];
        for (var i = 0; i < best.Length; i++)
        {
            for (var k = 1; k < labels; k++)
            {
                if (logits[(i * labels) + k] > logits[(i * labels) + best[i]])
                    best[i] = k;
            }
        }

        return best;
    }

    private static SortedDictionary<string, double> Scores(ClassificationReport report) => new(StringComparer.Ordinal)
    {
        ["test.accuracy"] = report.Accuracy,
        ["test.macro_f1"] = report.Macro.F1,
        ["test.micro_f1"] = report.Micro.F1,
    };

    private static int[] Labels(List<ClassifiedText> samples) => [.. samples.Select(s => s.Label)];

    private static List<string> Texts(List<ClassifiedText> samples) => samples.ConvertAll(s => s.Text);
}
