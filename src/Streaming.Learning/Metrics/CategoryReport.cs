using Streaming.Learning.Data;
using Streaming.Text.Heads;

namespace Streaming.Learning.Metrics;

/// <summary>Scores of categories of aspects (SemEval-2014 task 4, subtasks 3 and 4).</summary>
/// <param name="Categories">Categories, whatever the sentiment.</param>
/// <param name="Pairs">Categories with their sentiment, a row a category. Where people disagreed on the sentiment, neither gold nor prediction counts.</param>
/// <param name="SentimentAccuracy">Share of gold categories whose most probable sentiment is right, whether they were found or not; 0 where there is none.</param>
/// <param name="Samples">Counts of pairs of each text, in order.</param>
/// <param name="Calibration">Whether a predicted pair is right as often as its confidence says.</param>
/// <param name="Brier">Mean squared gap between a predicted pair's confidence and whether it is right; 0–1.</param>
public sealed record CategoryReport(
    SpanReport Categories, SpanReport Pairs, double SentimentAccuracy, IReadOnlyList<SampleCounts> Samples, CalibrationReport Calibration, double Brier)
{
    /// <summary>Scores predictions text by text.</summary>
    /// <param name="texts">Gold.</param>
    /// <param name="predicted">What a head says of every category of each text.</param>
    /// <param name="set">The head's categories.</param>
    public static CategoryReport Of(IReadOnlyList<CategorizedText> texts, IReadOnlyList<CategoryScore[]> predicted, CategorySet set)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(predicted);
        ArgumentNullException.ThrowIfNull(set);
        if (texts.Count != predicted.Count)
            throw new ArgumentException($"There are {texts.Count} texts and {predicted.Count} predictions.", nameof(predicted));
        var (categories, pairs) = (new SpanCounter(), new SpanCounter());
        var (confidences, right) = (new List<double>(), new List<bool>());
        var (agreed, rightSentiments, brier) = (0, 0, 0.0);
        for (var i = 0; i < texts.Count; i++)
        {
            var outcomes = texts[i].Outcomes;
            var found = Array.FindAll(predicted[i], static score => score.Found);
            var undisputed = Array.FindAll(found, score => outcomes[score.Category] != CategorizedText.Disputed);
            // A category stands for a span's type, its sentiment for the span's place.
            categories.Add(Gold(outcomes, set, static _ => 0), [.. found.Select(score => new TagSpan(set.Categories[score.Category], 0, 0))]);
            pairs.Add(
                Gold(outcomes, set, static outcome => outcome),
                [.. undisputed.Select(score => new TagSpan(set.Categories[score.Category], 1 + score.Sentiment, 1 + score.Sentiment))]);
            foreach (var score in undisputed)
            {
                var isRight = outcomes[score.Category] == 1 + score.Sentiment;
                confidences.Add(score.Confidence);
                right.Add(isRight);
                brier += Math.Pow(score.Confidence - (isRight ? 1 : 0), 2);
            }

            foreach (var score in predicted[i])
            {
                agreed += outcomes[score.Category] > 0 ? 1 : 0;
                rightSentiments += outcomes[score.Category] == 1 + score.Sentiment ? 1 : 0;
            }
        }

        return new CategoryReport(
            categories.ToReport(), pairs.ToReport(), agreed == 0 ? 0 : (double)rightSentiments / agreed, pairs.Samples,
            CalibrationReport.Of(confidences.ToArray(), right.ToArray()), confidences.Count == 0 ? 0 : brier / confidences.Count);
    }

    /// <summary>Gold categories; for pairs those alone on whose sentiment people agreed.</summary>
    private static List<TagSpan> Gold(IReadOnlyList<int> outcomes, CategorySet set, Func<int, int> place)
    {
        var spans = new List<TagSpan>();
        for (var category = 0; category < outcomes.Count; category++)
        {
            if (outcomes[category] == CategorizedText.Absent || place(outcomes[category]) < 0)
                continue;
            spans.Add(new TagSpan(set.Categories[category], place(outcomes[category]), place(outcomes[category])));
        }

        return spans;
    }
}
