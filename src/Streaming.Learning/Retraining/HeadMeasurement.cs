using Streaming.Core.Models.Bundle;
using Streaming.Learning.Data;
using Streaming.Learning.Metrics;
using Streaming.Learning.Training;
using Streaming.Text.Heads;

namespace Streaming.Learning.Retraining;

/// <summary>How good a head is on labelled samples. All scores are 0–1.</summary>
public sealed record HeadMeasurement
{
    /// <summary>Micro F1 of spans; accuracy of texts.</summary>
    public required double MicroF1 { get; init; }

    /// <summary>Per span type or label.</summary>
    public required IReadOnlyDictionary<string, PrecisionRecall> Classes { get; init; }

    /// <summary>Expected calibration error.</summary>
    public required double CalibrationError { get; init; }

    /// <summary>Counts of each sample, for paired comparison; of a text: one prediction, one truth.</summary>
    public required IReadOnlyList<SampleCounts> Samples { get; init; }

    /// <summary>Of spans.</summary>
    internal static HeadMeasurement OfSpans(List<TaggedText> texts, IReadOnlyList<List<TaggedSpan>> found)
    {
        var counter = TaggerMetrics.Count(texts, TaggerMetrics.WordSpans(found));
        var report = counter.ToReport();
        return new HeadMeasurement
        {
            MicroF1 = report.Micro.F1,
            Classes = report.Types,
            CalibrationError = TaggerMetrics.Calibration(texts, found).ExpectedError,
            Samples = counter.Samples,
        };
    }

    /// <summary>Of classes.</summary>
    internal static HeadMeasurement OfClasses(int[] gold, double[] logits, HeadManifest head)
    {
        var labels = head.Labels.Count;
        var predicted = new int[gold.Length];
        for (var i = 0; i < predicted.Length; i++)
        {
            for (var k = 1; k < labels; k++)
            {
                if (logits[(i * labels) + k] > logits[(i * labels) + predicted[i]])
                    predicted[i] = k;
            }
        }

        var report = ClassificationReport.Of(gold, predicted, labels);
        return new HeadMeasurement
        {
            MicroF1 = report.Micro.F1,
            Classes = Enumerable.Range(0, labels).ToDictionary(k => head.Labels[k], k => report.Classes[k]),
            CalibrationError = ProbabilityReport.Of(logits, gold, labels, head.Temperature).Calibration.ExpectedError,
            Samples = [.. gold.Select((g, i) => new SampleCounts(g == predicted[i] ? 1 : 0, 1, 1))],
        };
    }
}
