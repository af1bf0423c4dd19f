using Streaming.Learning.Data;
using Streaming.Learning.Features;
using Streaming.Learning.Metrics;
using Streaming.Text.Analysis;
using Streaming.Text.Heads;
using Streaming.Text.Words;

namespace Streaming.Learning.Training;

/// <summary>Targets of a tagger: for each word the outputs it may have, as bits.</summary>
internal static class TaggedUnits
{
    /// <summary>Allowed outputs of each word.</summary>
    /// <param name="text">Words with their gold spans.</param>
    /// <param name="types">Span types of the head; outputs are O, then B and I of each type.</param>
    public static uint[] Allowed(TaggedText text, IReadOnlyList<string> types)
    {
        // A word outside every span is O, or of a type that the data does not annotate.
        var outside = 1u;
        for (var t = 0; t < types.Count; t++)
        {
            if (text.Types is not null && !text.Types.Contains(types[t]))
                outside |= 0b11u << (1 + (2 * t));
        }

        var allowed = new uint[text.Words.Count];
        Array.Fill(allowed, outside);
        foreach (var span in text.Spans)
        {
            var begin = 1 + (2 * IndexOf(types, span.Type));
            for (var word = span.First; word <= span.Last; word++)
                allowed[word] = 1u << (word == span.First ? begin : begin + 1);
        }

        return allowed;
    }

    /// <summary>The text with its words, for extraction.</summary>
    public static FeatureText ToFeatureText(TaggedText text) => new(text.Text, [.. text.Words.Select(w => new WordSpan(w.Start, w.End))]);

    /// <summary>Logits of a text's words, [words, labels]; zeros for a text without tokens.</summary>
    public static float[] Logits(Head head, ReadOnlySpan<float> vectors, int words)
    {
        var logits = new float[words * head.Labels];
        var inputs = head.Layout.Inputs;
        for (var word = 0; word * inputs < vectors.Length; word++)
            head.Project(vectors.Slice(word * inputs, inputs), logits.AsSpan(word * head.Labels, head.Labels));
        return logits;
    }

    /// <summary>Stretches of words that are decoded together.</summary>
    public static List<(int First, int Count)> Units(TaggedText text, bool keepSpansWhole) =>
        SentenceStarts.Units(text.Text, text.Words, keepSpansWhole ? text.Spans : null);

    /// <summary>Gold spans to measure against: as characters where the data gives characters, as words otherwise.</summary>
    public static List<TagSpan> Gold(TaggedText text) =>
        text.Characters is { } characters ? [.. characters.Select(s => new TagSpan(s.Label, s.Start, s.End))] : [.. text.Spans];

    /// <summary>Predicted spans over words, in the form of <see cref="Gold"/>. A type that the data does not annotate can be neither right nor wrong and is left out.</summary>
    public static List<TagSpan> Scored(IEnumerable<TagSpan> predicted, TaggedText text)
    {
        var kept = predicted.Where(s => text.Types is null || text.Types.Contains(s.Type));
        return text.Characters is null ? [.. kept] : [.. kept.Select(s => new TagSpan(s.Type, text.Words[s.First].Start, text.Words[s.Last].End))];
    }

    private static int IndexOf(IReadOnlyList<string> types, string type)
    {
        for (var i = 0; i < types.Count; i++)
        {
            if (types[i] == type)
                return i;
        }

        throw new InvalidOperationException($"This is a bug: the span type '{type}' passed the loader and is not the head's.");
    }
}
