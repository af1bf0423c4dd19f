using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Learning.Data;
using Streaming.Learning.Training;
using Streaming.Text.Analysis;
using Streaming.Text.Tokenization;
using Streaming.Text.Words;

namespace Streaming.Learning.FineTuning;

/// <summary>From annotated texts to rows: words, sub-words and windows as in serving.</summary>
internal sealed class RowEncoder
{
    private readonly TextPreparer _preparer;

    /// <param name="tokenizer">The encoder's tokeniser.</param>
    /// <param name="maxLength">Longest row, framing tokens counted.</param>
    public RowEncoder(ITokenizer tokenizer, int maxLength) =>
        _preparer = new TextPreparer(tokenizer, new EncoderInfo(1, [1], maxLength, "cpu"), new WindowOptions { MaxLength = maxLength });

    /// <summary>Rows of tagged texts: each word in the one window that owns it, at its first sub-word.</summary>
    public List<TuningRow> Tagged(IReadOnlyList<TaggedText> texts, IReadOnlyList<string> types, bool wordShape, bool keepSpansWhole)
    {
        var rows = new List<TuningRow>(texts.Count);
        for (var i = 0; i < texts.Count; i++)
        {
            using var prepared = Prepare(texts[i].Text, [.. texts[i].Words.Select(w => new WordSpan(w.Start, w.End))]);
            var allowed = TaggedUnits.Allowed(texts[i], types);
            var starts = new bool[allowed.Length];
            foreach (var (first, _) in TaggedUnits.Units(texts[i], keepSpansWhole))
                starts[first] = true;
            for (var w = 0; w < prepared.Plan.Count; w++)
            {
                var window = prepared.Plan[w];
                var (from, to) = prepared.WordsOf(window);
                if (from < to)
                    rows.Add(Row(i, prepared, w, from, to, allowed, starts, wordShape));
            }
        }

        return rows;
    }

    /// <summary>One row a text; what does not fit is cut off.</summary>
    /// <param name="texts">Texts, and the labels each may have, as bits.</param>
    public List<TuningRow> Labelled(IEnumerable<(string Text, uint Allowed)> texts)
    {
        var rows = new List<TuningRow>();
        foreach (var (i, (text, allowed)) in texts.Index())
        {
            using var prepared = Prepare(text, []);
            if (prepared.Windows.Count > 0)
                rows.Add(new TuningRow(i, prepared.Windows[0].Ids.ToArray(), 0, [], [allowed], [true], []));
        }

        return rows;
    }

    /// <summary>Rows without labels, one a text.</summary>
    public List<TuningRow> Plain(IReadOnlyList<string> texts)
    {
        var rows = new List<TuningRow>(texts.Count);
        for (var i = 0; i < texts.Count; i++)
        {
            using var prepared = Prepare(texts[i], []);
            if (prepared.Windows.Count == 0)
                throw new StreamingException("recipe_invalid", $"The description '{texts[i]}' has no token that the encoder knows. Describe the type in words.");
            rows.Add(new TuningRow(i, prepared.Windows[0].Ids.ToArray(), 0, [], [], [], []));
        }

        return rows;
    }

    private PreparedText Prepare(string text, List<WordSpan> words)
    {
        var outcome = _preparer.Prepare(text, words);
        return outcome.IsSuccess ? outcome.Value : throw new StreamingException(outcome.Failure.Code, outcome.Failure.Reason);
    }

    private static TuningRow Row(int text, PreparedText prepared, int window, int from, int to, uint[] allowed, bool[] starts, bool wordShape)
    {
        var (places, shapes) = (new int[to - from], new byte[wordShape ? to - from : 0][]);
        var begins = starts[from..to];
        begins[0] = true;
        Span<float> features = stackalloc float[WordShape.Dimensions];
        Span<byte> active = stackalloc byte[WordShape.Dimensions];
        for (var word = from; word < to; word++)
        {
            places[word - from] = prepared.Anchors[word] - prepared.Plan[window].Start + 1;
            if (!wordShape)
                continue;
            var span = prepared.Words[word];
            WordShape.Write(prepared.Text.AsSpan(span.Start, span.End - span.Start), prepared.SentenceInitial[word], features);
            var count = 0;
            for (var f = 0; f < features.Length; f++)
            {
                if (features[f] != 0)
                    active[count++] = (byte)f;
            }

            shapes[word - from] = active[..count].ToArray();
        }

        return new TuningRow(text, prepared.Windows[window].Ids.ToArray(), from, places, allowed[from..to], begins, shapes);
    }
}
