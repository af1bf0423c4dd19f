using Streaming.Core.Models.Bundle;
using Streaming.Learning.Data;
using Streaming.Learning.Metrics;
using Streaming.Learning.Training;
using Streaming.Text.Heads;

namespace Streaming.Learning.Evaluating;

/// <summary>Gathers what stands behind the figures: confusion, and the errors to look at first.</summary>
internal static class DetailCollector
{
    private const int ErrorsKept = 100;

    public static EvaluationDetails OfTexts(
        List<ClassifiedText> samples, int[] predicted, double[] logits, HeadManifest head, CalibrationReport calibration, int[][] confusion)
    {
        var labels = head.Labels;
        var errors = new List<EvaluationError>();
        var row = new double[labels.Count];
        for (var i = 0; i < samples.Count; i++)
        {
            if (predicted[i] == samples[i].Label)
                continue;
            TemperatureScaling.LogSoftmax(logits.AsSpan(i * labels.Count, labels.Count), head.Temperature, row);
            var text = samples[i].Text;
            errors.Add(new EvaluationError(
                text, [new LabelledSpan(0, text.Length, labels[samples[i].Label])], [new LabelledSpan(0, text.Length, labels[predicted[i]])], Math.Exp(row[predicted[i]])));
        }

        return new EvaluationDetails
        {
            Samples = [.. samples.Select((s, i) => new SampleCounts(s.Label == predicted[i] ? 1 : 0, 1, 1))],
            Calibration = calibration,
            ConfusionLabels = labels,
            Confusion = confusion,
            Errors = Surest(errors),
        };
    }

    /// <summary>Confusion is that of a category's outcome, over all categories.</summary>
    public static EvaluationDetails OfCategories(List<CategorizedText> samples, CategoryScore[][] scores, CategorySet set, CategoryReport report)
    {
        // What is not there comes last, as for spans.
        var none = set.Sentiments.Count;
        var confusion = new int[set.Outcomes][];
        for (var i = 0; i < confusion.Length; i++)
            confusion[i] = new int[set.Outcomes];
        var errors = new List<EvaluationError>();
        for (var i = 0; i < samples.Count; i++)
        {
            var surest = -1.0;
            foreach (var score in scores[i])
            {
                var gold = samples[i].Outcomes[score.Category];
                if (gold == CategorizedText.Disputed)
                    continue;
                var (row, column) = (gold == CategorizedText.Absent ? none : gold - 1, score.Found ? score.Sentiment : none);
                confusion[row][column]++;
                if (row != column)
                    surest = Math.Max(surest, score.Found ? score.Confidence : 0);
            }

            if (surest < 0)
                continue;
            var text = samples[i].Text;
            errors.Add(new EvaluationError(
                text,
                [.. samples[i].Outcomes.Index().Where(static o => o.Item != CategorizedText.Absent)
                    .Select(o => new LabelledSpan(0, text.Length, $"{set.Categories[o.Index]} {(o.Item == CategorizedText.Disputed ? "disputed" : set.Sentiments[o.Item - 1])}"))],
                [.. scores[i].Where(static s => s.Found).Select(s => new LabelledSpan(0, text.Length, $"{set.Categories[s.Category]} {set.Sentiments[s.Sentiment]}"))],
                surest));
        }

        return new EvaluationDetails
        {
            Samples = report.Samples,
            Calibration = report.Calibration,
            ConfusionLabels = [.. set.Sentiments, CategorySet.None],
            Confusion = confusion,
            Errors = Surest(errors),
        };
    }

    public static EvaluationDetails OfSpans(
        List<TaggedText> samples, IReadOnlyList<List<TaggedSpan>> spans, IReadOnlyList<string> types, IReadOnlyList<SampleCounts> counts, CalibrationReport calibration)
    {
        var index = types.Select(static (type, i) => (type, i)).ToDictionary(static t => t.type, static t => t.i, StringComparer.Ordinal);
        var confusion = new int[types.Count + 1][];
        for (var i = 0; i < confusion.Length; i++)
            confusion[i] = new int[types.Count + 1];
        var errors = new List<EvaluationError>();
        for (var i = 0; i < samples.Count; i++)
        {
            var gold = TaggedUnits.Gold(samples[i]);
            var scored = Scored(samples[i], spans[i]);
            var places = gold.ToDictionary(static g => (g.First, g.Last), static g => g.Type);
            foreach (var (span, _) in scored)
                confusion[places.Remove((span.First, span.Last), out var type) ? index[type] : types.Count][index[span.Type]]++;
            foreach (var type in places.Values)
                confusion[index[type]][types.Count]++;
            if (counts[i].Correct == counts[i].Gold && counts[i].Predicted == counts[i].Gold)
                continue;
            var wrong = scored.Where(s => !gold.Contains(s.Span)).ToList();
            errors.Add(new EvaluationError(
                samples[i].Text,
                Characters(gold, samples[i]),
                Characters([.. scored.Select(static s => s.Span)], samples[i]),
                wrong.Count == 0 ? 0 : wrong.Max(static w => w.Confidence)));
        }

        return new EvaluationDetails
        {
            Samples = counts,
            Calibration = calibration,
            ConfusionLabels = [.. types, "none"],
            Confusion = confusion,
            Errors = Surest(errors),
        };
    }

    /// <summary>Mean squared gap between a predicted span's confidence and whether it is right.</summary>
    public static double Brier(List<TaggedText> samples, IReadOnlyList<List<TaggedSpan>> spans)
    {
        var (sum, count) = (0.0, 0);
        for (var i = 0; i < samples.Count; i++)
        {
            var gold = TaggedUnits.Gold(samples[i]);
            foreach (var (span, confidence) in Scored(samples[i], spans[i]))
            {
                var gap = confidence - (gold.Contains(span) ? 1 : 0);
                sum += gap * gap;
                count++;
            }
        }

        return count == 0 ? 0 : sum / count;
    }

    private static List<(TagSpan Span, double Confidence)> Scored(TaggedText sample, List<TaggedSpan> spans)
    {
        var scored = new List<(TagSpan, double)>(spans.Count);
        foreach (var span in spans)
        {
            if (TaggedUnits.Scored([new TagSpan(span.Type, span.First, span.Last)], sample) is [var kept])
                scored.Add((kept, span.Confidence));
        }

        return scored;
    }

    private static IReadOnlyList<LabelledSpan> Characters(List<TagSpan> spans, TaggedText sample) => sample.Characters is null
        ? Iob2.ToCharacters(spans, sample.Words)
        : [.. spans.Select(static s => new LabelledSpan(s.First, s.Last, s.Type))];

    private static List<EvaluationError> Surest(List<EvaluationError> errors) =>
        [.. errors.OrderByDescending(static e => e.Confidence).Take(ErrorsKept)];
}
