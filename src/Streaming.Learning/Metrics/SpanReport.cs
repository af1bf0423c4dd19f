namespace Streaming.Learning.Metrics;

/// <summary>Scores of predicted spans against gold spans; a span is right when type, start and end all are.</summary>
/// <param name="Micro">Over all spans.</param>
/// <param name="Macro">Mean over types; null when there is no type at all.</param>
/// <param name="Weighted">Mean over types, weighted by support.</param>
/// <param name="Types">Per type, in ordinal order of its name; types seen in gold or prediction.</param>
public sealed record SpanReport(
    PrecisionRecall Micro,
    PrecisionRecall? Macro,
    PrecisionRecall Weighted,
    IReadOnlyDictionary<string, PrecisionRecall> Types)
{
    /// <summary>Scores tags, sentence by sentence.</summary>
    /// <exception cref="ArgumentException">Gold and prediction differ in length.</exception>
    public static SpanReport OfTags(
        IReadOnlyList<IReadOnlyList<string>> gold,
        IReadOnlyList<IReadOnlyList<string>> predicted,
        TagScheme scheme = TagScheme.Lenient)
    {
        if (gold.Count != predicted.Count)
            throw new ArgumentException($"Gold has {gold.Count} sentences and the prediction {predicted.Count}.", nameof(predicted));
        var counter = new SpanCounter();
        for (var i = 0; i < gold.Count; i++)
        {
            if (gold[i].Count != predicted[i].Count)
                throw new ArgumentException($"Sentence {i}: gold has {gold[i].Count} tags and the prediction {predicted[i].Count}.", nameof(predicted));
            counter.Add(TagSpans.Read(gold[i], scheme), TagSpans.Read(predicted[i], scheme));
        }

        return counter.ToReport();
    }
}
