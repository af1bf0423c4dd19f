using Streaming.Learning.Data;
using Streaming.Learning.Metrics;
using Streaming.Text.Words;

namespace Streaming.Learning.Features;

/// <summary>Where sentences begin, told by serving's own rule.</summary>
internal static class SentenceStarts
{
    /// <summary>One flag a word.</summary>
    public static bool[] Mark(string text, IReadOnlyList<CharSpan> words)
    {
        var initial = new bool[words.Count];
        var spans = new WordSpan[words.Count];
        for (var i = 0; i < spans.Length; i++)
            spans[i] = new WordSpan(words[i].Start, words[i].End);
        WordSegmenter.MarkSentences(text, spans, initial);
        return initial;
    }

    /// <summary>Stretches of words that are decoded together: sentences, not cut inside a gold span where one is given.</summary>
    public static List<(int First, int Count)> Units(string text, IReadOnlyList<CharSpan> words, IReadOnlyList<TagSpan>? gold)
    {
        var initial = Mark(text, words);
        if (gold is not null)
        {
            foreach (var span in gold)
                initial.AsSpan(span.First + 1, span.Last - span.First).Clear();
        }

        var units = new List<(int First, int Count)>();
        var first = 0;
        for (var word = 1; word <= initial.Length; word++)
        {
            if (word < initial.Length && !initial[word])
                continue;
            if (word > first)
                units.Add((first, word - first));
            first = word;
        }

        return units;
    }
}
