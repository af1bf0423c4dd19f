using Streaming.Core.Models.Bundle;
using Streaming.Learning.Data;
using Streaming.Learning.Metrics;
using Streaming.Learning.Recipes;
using Streaming.Text.Heads;

namespace Streaming.Learning.Training;

/// <summary>Metrics of a tagger on held-back texts, whole and by data set.</summary>
internal static class TaggerMetrics
{
    /// <summary>All metrics of predicted spans with confidences.</summary>
    public static SortedDictionary<string, double> Of(
        List<TaggedText> dev, IReadOnlyList<List<TaggedSpan>> devSpans, List<TaggedText> test, IReadOnlyList<List<TaggedSpan>> spans, HeadRecipe recipe, ulong seed)
    {
        var predicted = WordSpans(spans);
        var metrics = Scores(test, predicted, recipe);
        var counter = Count(test, predicted);
        var interval = BootstrapInterval.OfMicroF1(counter.Samples, seed);
        metrics["test.micro_f1.high"] = interval.High;
        metrics["test.micro_f1.low"] = interval.Low;
        foreach (var (type, scores) in counter.ToReport().Types)
            metrics[$"test.f1.{type}"] = scores.F1;
        metrics["test.ece"] = Calibration(test, spans).ExpectedError;
        metrics["test.samples"] = test.Count;
        metrics["dev.micro_f1"] = Count(dev, WordSpans(devSpans)).ToReport().Micro.F1;
        return metrics;
    }

    /// <summary>Spans without their confidence.</summary>
    public static List<IReadOnlyList<TagSpan>> WordSpans(IEnumerable<List<TaggedSpan>> spans) =>
        [.. spans.Select(s => (IReadOnlyList<TagSpan>)[.. s.Select(x => new TagSpan(x.Type, x.First, x.Last))])];

    /// <summary>F1 scores alone.</summary>
    public static SortedDictionary<string, double> Scores(List<TaggedText> test, IReadOnlyList<IReadOnlyList<TagSpan>> predicted, HeadRecipe recipe)
    {
        var metrics = new SortedDictionary<string, double>(StringComparer.Ordinal);
        var report = Count(test, predicted).ToReport();
        metrics["test.micro_f1"] = report.Micro.F1;
        metrics["test.macro_f1"] = report.Macro?.F1 ?? 0;
        if (recipe.Task == HeadTask.Absa)
        {
            var aspects = AspectReport.Of(test.Select((t, i) => ((IReadOnlyCollection<TagSpan>)TaggedUnits.Gold(t), (IReadOnlyCollection<TagSpan>)TaggedUnits.Scored(predicted[i], t))));
            metrics["test.pair_f1"] = aspects.Pairs.Micro.F1;
            metrics["test.term_f1"] = aspects.Terms.Micro.F1;
        }

        var sets = test.Select(t => t.Set).Distinct().ToList();
        if (sets.Count < 2)
            return metrics;
        foreach (var set in sets)
        {
            var members = Enumerable.Range(0, test.Count).Where(i => test[i].Set == set).ToList();
            metrics[$"test.{set}.micro_f1"] = Count([.. members.Select(i => test[i])], [.. members.Select(i => predicted[i])]).ToReport().Micro.F1;
        }

        return metrics;
    }

    /// <summary>Counts of predicted against gold spans.</summary>
    public static SpanCounter Count(List<TaggedText> test, IReadOnlyList<IReadOnlyList<TagSpan>> predicted)
    {
        var counter = new SpanCounter();
        for (var i = 0; i < test.Count; i++)
            counter.Add(TaggedUnits.Gold(test[i]), TaggedUnits.Scored(predicted[i], test[i]));
        return counter;
    }

    /// <summary>Whether a predicted span is right as often as its confidence says.</summary>
    public static CalibrationReport Calibration(List<TaggedText> test, IReadOnlyList<List<TaggedSpan>> spans)
    {
        var confidences = new List<double>();
        var correct = new List<bool>();
        for (var i = 0; i < test.Count; i++)
        {
            var gold = TaggedUnits.Gold(test[i]).ToHashSet();
            foreach (var span in spans[i])
            {
                if (TaggedUnits.Scored([new TagSpan(span.Type, span.First, span.Last)], test[i]) is not [var scored])
                    continue;
                confidences.Add(span.Confidence);
                correct.Add(gold.Contains(scored));
            }
        }

        return CalibrationReport.Of(confidences.ToArray(), correct.ToArray());
    }
}
