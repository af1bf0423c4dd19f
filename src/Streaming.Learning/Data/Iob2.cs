using Streaming.Learning.Metrics;

namespace Streaming.Learning.Data;

/// <summary>Between spans and IOB2 tags.</summary>
public static class Iob2
{
    /// <summary>Tags of a sentence of <paramref name="count"/> words.</summary>
    public static string[] FromSpans(IEnumerable<TagSpan> spans, int count)
    {
        var tags = new string[count];
        Array.Fill(tags, "O");
        foreach (var span in spans)
        {
            tags[span.First] = "B-" + span.Type;
            for (var i = span.First + 1; i <= span.Last; i++)
                tags[i] = "I-" + span.Type;
        }

        return tags;
    }

    /// <summary>
    /// Word spans that character spans cover: from the first to the last word that shares a character with each.
    /// A character span that touches no word, or only words already taken, is left out.
    /// </summary>
    /// <param name="spans">In order of their start.</param>
    /// <param name="words">In order, not overlapping.</param>
    public static List<TagSpan> FromCharacters(IEnumerable<LabelledSpan> spans, IReadOnlyList<CharSpan> words)
    {
        var result = new List<TagSpan>();
        var word = 0;
        foreach (var span in spans)
        {
            while (word < words.Count && words[word].End <= span.Start)
                word++;
            var last = word;
            while (last < words.Count && words[last].Start < span.End)
                last++;
            if (last == word)
                continue;
            result.Add(new TagSpan(span.Label, word, last - 1));
            word = last;
        }

        return result;
    }

    /// <summary>Character spans of word spans.</summary>
    public static List<LabelledSpan> ToCharacters(IEnumerable<TagSpan> spans, IReadOnlyList<CharSpan> words) =>
        [.. spans.Select(s => new LabelledSpan(words[s.First].Start, words[s.Last].End, s.Type))];
}
