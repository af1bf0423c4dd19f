using Streaming.Contracts;
using Annotations = Streaming.Core.Models.Annotations;

namespace Streaming.Learning.Selection;

/// <summary>How far two models disagree on one text (query by committee, Seung et al. 1992, with a committee of two).</summary>
public static class Disagreement
{
    /// <summary>For one task, 0 (the same) to 1 (nothing in common).</summary>
    public static double Between(LabelTask task, LabelGuess left, LabelGuess right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return task switch
        {
            LabelTask.Entities => OfSets(left.Entities.Select(static e => (e.Start, e.End, e.Type)), right.Entities.Select(static e => (e.Start, e.End, e.Type))),
            LabelTask.Aspects => OfSets(left.Aspects.Select(static a => (a.Start, a.End, a.Sentiment)), right.Aspects.Select(static a => (a.Start, a.End, a.Sentiment))),
            LabelTask.Topics => OfScores(left.Topics, right.Topics),
            LabelTask.Sentiment => OfScores(left.Sentiment?.Scores ?? [], right.Sentiment?.Scores ?? []),
            _ => throw new InvalidOperationException($"There is no measure for {task}: this is a bug."),
        };
    }

    /// <summary>For several tasks.</summary>
    public static IReadOnlyList<(LabelTask Task, double Value)> Of(IReadOnlyList<LabelTask> tasks, Annotations left, Annotations right)
    {
        ArgumentNullException.ThrowIfNull(tasks);
        var (a, b) = (Guess(left), Guess(right));
        return [.. tasks.Select(task => (task, Between(task, a, b)))];
    }

    /// <summary>Findings whose uncertainty says how far a second model disagrees; where no uncertainty was measured, as they are.</summary>
    public static Annotations Note(Annotations found, IReadOnlyList<(LabelTask Task, double Value)> disagreement)
    {
        ArgumentNullException.ThrowIfNull(found);
        ArgumentNullException.ThrowIfNull(disagreement);
        if (found.Uncertainty.Count == 0)
            return found;
        var values = disagreement.ToDictionary(static one => one.Task, static one => one.Value);
        return found with { Uncertainty = [.. found.Uncertainty.Select(one => values.TryGetValue(one.Task, out var value) ? one with { Disagreement = value } : one)] };
    }

    private static LabelGuess Guess(Annotations found)
    {
        ArgumentNullException.ThrowIfNull(found);
        return new LabelGuess { Entities = found.Entities, Topics = found.Topics, Sentiment = found.Sentiment, Aspects = found.Aspects };
    }

    // 1 − F1 of one set held against the other.
    private static double OfSets<T>(IEnumerable<T> left, IEnumerable<T> right)
    {
        var (a, b) = (left.ToHashSet(), right.ToHashSet());
        return a.Count + b.Count == 0 ? 0 : 1 - 2.0 * a.Count(b.Contains) / (a.Count + b.Count);
    }

    // Total variation distance.
    private static double OfScores(IReadOnlyList<LabelScore> left, IReadOnlyList<LabelScore> right)
    {
        var difference = 0.0;
        foreach (var label in left.Concat(right).Select(static score => score.Label).Distinct())
            difference += Math.Abs(Of(left, label) - Of(right, label)) / 2;

        return Math.Clamp(difference, 0, 1);

        static double Of(IReadOnlyList<LabelScore> scores, string label) => scores.FirstOrDefault(score => score.Label == label)?.Confidence ?? 0;
    }
}
