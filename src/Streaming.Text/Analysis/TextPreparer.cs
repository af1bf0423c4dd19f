using System.Buffers;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Models;
using Streaming.Text.Tokenization;
using Streaming.Text.Words;

namespace Streaming.Text.Analysis;

/// <summary>From a text to tokens, words and windows. Safe for concurrent calls.</summary>
public sealed class TextPreparer
{
    /// <summary>Name of this stage in dead letters.</summary>
    public const string Stage = "tokenise";

    [ThreadStatic]
    private static TokenBuffer? s_buffer;

    [ThreadStatic]
    private static List<WordSpan>? s_words;

    private readonly ITokenizer _tokenizer;
    private readonly int _maxLength;
    private readonly int _stride;
    private readonly int _maxWindows;

    /// <summary>A preparer for an encoder.</summary>
    /// <exception cref="StreamingException"><c>window_invalid</c>: the options do not fit the encoder.</exception>
    public TextPreparer(ITokenizer tokenizer, EncoderInfo encoder, WindowOptions options)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(options);
        _tokenizer = tokenizer;
        _maxLength = options.MaxLength == 0 ? Math.Min(encoder.MaxSequenceLength, 256) : options.MaxLength;
        if (_maxLength < 3 || _maxLength > encoder.MaxSequenceLength)
            throw new StreamingException("window_invalid", $"A window of {_maxLength} tokens does not fit the encoder; max_length must be 3 to {encoder.MaxSequenceLength}.");
        if (options.Stride < 0 || options.MaxWindows < 0)
            throw new StreamingException("window_invalid", "stride and max_windows of the window options must not be negative.");
        _stride = Math.Min(options.Stride, (_maxLength - 2) / 2);
        _maxWindows = options.MaxWindows;
    }

    /// <summary>Tokenises a text, finds its words and cuts it into windows.</summary>
    /// <param name="text">The text.</param>
    /// <param name="words">Its words, where they are given; null: <see cref="WordSegmenter"/> finds them.</param>
    /// <returns>The prepared text, or <see cref="ErrorCodes.LoneSurrogate"/>.</returns>
    public StageOutcome<PreparedText> Prepare(string text, IReadOnlyList<WordSpan>? words = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (IndexOfLoneSurrogate(text) is var lone and >= 0)
            return new StageFailure(Stage, ErrorCodes.LoneSurrogate, $"The text has a lone surrogate at UTF-16 offset {lone}.");
        var buffer = s_buffer ??= new TokenBuffer();
        buffer.Clear();
        _tokenizer.Encode(text, buffer);
        var found = s_words ??= [];
        found.Clear();
        if (words is null)
            WordSegmenter.Segment(text, found);
        else
            found.AddRange(words);
        var prepared = Assemble(text, buffer, found);
        if (buffer.Capacity > 64 * 1024 || found.Capacity > 64 * 1024)
        {
            // One huge text must not keep its memory for the rest of the thread's life.
            buffer.Dispose();
            s_buffer = null;
            s_words = null;
        }

        return prepared;
    }

    private PreparedText Assemble(string text, TokenBuffer buffer, List<WordSpan> found)
    {
        var plan = TokenWindow.Plan(buffer.Count, _maxLength, _stride, _maxWindows);
        var total = 0;
        foreach (var window in plan)
            total += window.Length + 2;
        var ids = ArrayPool<int>.Shared.Rent(Math.Max(total, 1));
        var sequences = new TokenSequence[plan.Length];
        var at = 0;
        for (var index = 0; index < plan.Length; index++)
        {
            var window = plan[index];
            ids[at] = _tokenizer.Special.Start;
            buffer.Ids[window.Start..window.End].CopyTo(ids.AsSpan(at + 1));
            ids[at + window.Length + 1] = _tokenizer.Special.End;
            sequences[index] = new TokenSequence(ids.AsMemory(at, window.Length + 2));
            at += window.Length + 2;
        }

        // A text without a token has no features to read, hence no words to label.
        var count = buffer.Count == 0 ? 0 : found.Count;
        var spans = ArrayPool<WordSpan>.Shared.Rent(Math.Max(count, 1));
        found.CopyTo(0, spans, 0, count);
        var initial = ArrayPool<bool>.Shared.Rent(Math.Max(count, 1));
        WordSegmenter.MarkSentences(text, spans.AsSpan(0, count), initial);
        var anchors = ArrayPool<int>.Shared.Rent(Math.Max(count, 1));
        Anchor(buffer, spans.AsSpan(0, count), anchors);
        return new PreparedText(text, plan, sequences, buffer.Count, ids, anchors, spans, initial, count);
    }

    /// <summary>
    /// Each word's token: the first that begins in it, else the one that covers its start, else the nearest. So a word that
    /// leaves no token of its own (only zero-width characters) still has a place to be read at.
    /// </summary>
    private static void Anchor(TokenBuffer buffer, ReadOnlySpan<WordSpan> words, int[] anchors)
    {
        var token = 0;
        var starts = buffer.Starts;
        var ends = buffer.Ends;
        for (var word = 0; word < words.Length; word++)
        {
            while (token + 1 < starts.Length && ends[token] <= words[word].Start)
                token++;
            var begins = starts[token] < words[word].Start && token + 1 < starts.Length && starts[token + 1] < words[word].End;
            anchors[word] = begins ? token + 1 : token;
        }
    }

    private static int IndexOfLoneSurrogate(ReadOnlySpan<char> text)
    {
        var at = 0;
        while (true)
        {
            var next = text[at..].IndexOfAnyInRange('\uD800', '\uDFFF');
            if (next < 0)
                return -1;
            at += next;
            if (!char.IsHighSurrogate(text[at]) || at + 1 == text.Length || !char.IsLowSurrogate(text[at + 1]))
                return at;
            at += 2;
        }
    }
}
