using Streaming.Contracts;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Heads;

namespace Streaming.Text.Analysis;

/// <summary>What heads measured, in the form that label requests carry (Settles and Craven, EMNLP 2008).</summary>
internal static class UncertaintyMeasures
{
    public static TaskUncertainty OfTags(HeadTask task, TagUncertainty unsure) => new()
    {
        Task = TaskOf(task),
        LeastConfidence = unsure.LeastConfidence,
        Margin = unsure.Margin,
        Entropy = unsure.Entropy,
        Sequence = unsure.Sequence,
    };

    public static TaskUncertainty OfScores(HeadTask task, List<LabelScore> scores)
    {
        Span<double> probabilities = scores.Count <= 256 ? stackalloc double[scores.Count] : new double[scores.Count];
        for (var i = 0; i < probabilities.Length; i++)
            probabilities[i] = scores[i].Confidence;
        var (margin, entropy) = TagUncertainty.Shape(probabilities);
        return new TaskUncertainty { Task = TaskOf(task), LeastConfidence = Math.Clamp(1 - scores[0].Confidence, 0, 1), Margin = margin, Entropy = entropy };
    }

    private static LabelTask TaskOf(HeadTask task) => task switch
    {
        HeadTask.Ner => LabelTask.Entities,
        HeadTask.Topic => LabelTask.Topics,
        HeadTask.Sentiment => LabelTask.Sentiment,
        HeadTask.Absa => LabelTask.Aspects,
        _ => throw new InvalidOperationException($"There is no label task for {task}: this is a bug."),
    };
}
