namespace Streaming.Learning.Metrics;

/// <summary>Scores of aspect-based sentiment.</summary>
/// <param name="Terms">Aspect terms: start and end right.</param>
/// <param name="Pairs">Terms with their polarity: start, end and polarity right.</param>
public sealed record AspectReport(SpanReport Terms, SpanReport Pairs)
{
    /// <summary>Scores spans whose type is the polarity, sentence by sentence.</summary>
    public static AspectReport Of(IEnumerable<(IReadOnlyCollection<TagSpan> Gold, IReadOnlyCollection<TagSpan> Predicted)> sentences)
    {
        var terms = new SpanCounter();
        var pairs = new SpanCounter();
        foreach (var (gold, predicted) in sentences)
        {
            pairs.Add(gold, predicted);
            terms.Add(WithoutPolarity(gold), WithoutPolarity(predicted));
        }

        return new AspectReport(terms.ToReport(), pairs.ToReport());
    }

    private static List<TagSpan> WithoutPolarity(IReadOnlyCollection<TagSpan> spans) =>
        [.. spans.Select(s => s with { Type = "term" })];
}
