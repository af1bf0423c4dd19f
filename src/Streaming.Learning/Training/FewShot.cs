using Streaming.Learning.Data;

namespace Streaming.Learning.Training;

/// <summary>Draws a few annotated sentences of each type, as few-shot experiments do.</summary>
internal static class FewShot
{
    /// <summary>For each type, rarest first, sentences that hold it are drawn until so many of those drawn do; so a sentence with several types counts for each.</summary>
    /// <param name="samples">All sentences.</param>
    /// <param name="types">Types to cover.</param>
    /// <param name="count">Sentences a type.</param>
    /// <param name="seed">The same seed draws the same sentences.</param>
    /// <returns>Sentences in their old order.</returns>
    public static List<TaggedText> Draw(List<TaggedText> samples, IReadOnlyList<string> types, int count, ulong seed)
    {
        var order = Enumerable.Range(0, samples.Count).ToArray();
        new SeededRandom(seed).Shuffle(order.AsSpan());
        var kept = new SortedSet<int>();
        foreach (var type in types.OrderBy(t => samples.Count(s => Holds(s, t))).ThenBy(t => t, StringComparer.Ordinal))
        {
            var have = kept.Count(i => Holds(samples[i], type));
            foreach (var i in order)
            {
                if (have >= count)
                    break;
                if (Holds(samples[i], type) && kept.Add(i))
                    have++;
            }
        }

        return [.. kept.Select(i => samples[i])];
    }

    private static bool Holds(TaggedText sample, string type) => sample.Spans.Any(s => s.Type == type);
}
