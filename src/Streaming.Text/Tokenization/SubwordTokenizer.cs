using Streaming.Text.Tokenization.Normalizing;
using Streaming.Text.Tokenization.Subwords;

namespace Streaming.Text.Tokenization;

/// <summary>
/// Byte-pair and Unigram tokenisers: added tokens, normalising steps, words, pieces. Ids and offsets are those of Hugging
/// Face's <c>tokenizers</c>. Time is linear in the text (times the logarithm of a word's length for byte-pair encoding).
/// </summary>
public sealed class SubwordTokenizer : ITokenizer
{
    private const int KeptCapacity = 64 * 1024;

    [ThreadStatic]
    private static NormalizedText? s_text;

    private readonly AddedTokenFinder _added;
    private readonly INormalizingStep[] _steps;
    private readonly ISubwordModel _model;
    private readonly SpaceTrim? _trim;

    internal SubwordTokenizer(string kind, SpecialTokens special, int vocabularySize, AddedTokenFinder added, INormalizingStep[] steps, ISubwordModel model, SpaceTrim? trim)
    {
        (Kind, Special, VocabularySize) = (kind, special, vocabularySize);
        (_added, _steps, _model, _trim) = (added, steps, model, trim);
    }

    /// <inheritdoc/>
    public string Kind { get; }

    /// <inheritdoc/>
    public SpecialTokens Special { get; }

    /// <inheritdoc/>
    public int VocabularySize { get; }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> text, TokenBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        var scratch = s_text ?? new NormalizedText();
        s_text = null;
        var first = buffer.Count;
        var from = 0;
        while (!_added.IsEmpty && _added.TryFind(text, from, out var id, out var start, out var end))
        {
            EncodeStretch(text[from..start], from, scratch, buffer);
            if (_trim is null)
                buffer.Append(id, start, end);
            else
                buffer.Append(id, start + text[start..end].Length - text[start..end].TrimStart().Length, end - (text[start..end].Length - text[start..end].TrimEnd().Length));
            buffer.WordCount++;
            from = end;
        }

        EncodeStretch(text[from..], from, scratch, buffer);
        _trim?.Apply(buffer, first);
        if (scratch.Capacity <= KeptCapacity)
            s_text = scratch;
        else
            scratch.Dispose();
    }

    private void EncodeStretch(ReadOnlySpan<char> text, int origin, NormalizedText scratch, TokenBuffer buffer)
    {
        if (text.IsEmpty)
            return;
        scratch.Load(text, origin);
        foreach (var step in _steps)
            step.Apply(scratch);
        for (var from = 0; from < scratch.Count;)
        {
            var to = _model.EndOfWord(scratch.Scalars, from);
            _model.Encode(scratch, from, to, buffer);
            buffer.WordCount++;
            from = to;
        }
    }
}
