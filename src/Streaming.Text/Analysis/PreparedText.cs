using System.Buffers;
using Streaming.Core.Models;
using Streaming.Text.Tokenization;
using Streaming.Text.Words;

namespace Streaming.Text.Analysis;

/// <summary>
/// A tokenised text with its words and windows, from pooled arrays. <see cref="Dispose"/> gives them back; a text that is
/// dropped without it costs the collector, nothing else.
/// </summary>
public sealed class PreparedText : PreparedDocument, IDisposable
{
    private readonly TokenSequence[] _sequences;
    private int[] _ids;
    private int[] _anchors;
    private WordSpan[] _words;
    private bool[] _initial;

    internal PreparedText(string text, TokenWindow[] plan, TokenSequence[] sequences, int tokens, int[] ids, int[] anchors, WordSpan[] words, bool[] initial, int wordCount)
    {
        (Text, Plan, _sequences, TokenCount) = (text, plan, sequences, tokens);
        (_ids, _anchors, _words, _initial, WordCount) = (ids, anchors, words, initial, wordCount);
        CoveredTokens = plan.Length == 0 ? 0 : plan[^1].End;
        CoveredWords = FirstWordAt(CoveredTokens);
    }

    /// <summary>The text.</summary>
    public string Text { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<TokenSequence> Windows => _sequences;

    /// <summary>Which tokens each window holds and owns.</summary>
    public IReadOnlyList<TokenWindow> Plan { get; }

    /// <summary>Tokens of the whole text, framing tokens not counted.</summary>
    public int TokenCount { get; }

    /// <summary>Tokens that lie in a window.</summary>
    public int CoveredTokens { get; }

    /// <summary>Words of the whole text.</summary>
    public int WordCount { get; }

    /// <summary>Words that lie in a window.</summary>
    public int CoveredWords { get; }

    /// <summary>Share of tokens that lie in a window; 1 for a text without tokens.</summary>
    public double Coverage => TokenCount == 0 ? 1 : (double)CoveredTokens / TokenCount;

    /// <summary>Words in order.</summary>
    public ReadOnlySpan<WordSpan> Words => _words.AsSpan(0, WordCount);

    /// <summary>Whether a sentence begins with each word.</summary>
    public ReadOnlySpan<bool> SentenceInitial => _initial.AsSpan(0, WordCount);

    /// <summary>The token each word's features are read at: its first sub-word. Never falls.</summary>
    public ReadOnlySpan<int> Anchors => _anchors.AsSpan(0, WordCount);

    /// <summary>What the heads have read so far; belongs to the model.</summary>
    internal HeadState? State { get; set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Return(ref _ids);
        Return(ref _anchors);
        Return(ref _words);
        Return(ref _initial);
        State?.Dispose();
        State = null;
    }

    /// <summary>Words whose features this window gives: from the first to before the second.</summary>
    public (int From, int To) WordsOf(TokenWindow window) => (FirstWordAt(window.OwnStart), FirstWordAt(window.OwnEnd));

    /// <summary>
    /// Places of a window that count towards the text's mean: the tokens it owns, and the framing tokens at the two ends of
    /// the text. So each token counts once, and a short text has the mean over its whole sequence.
    /// </summary>
    public (int From, int To) PlacesOf(int window)
    {
        var part = Plan[window];
        var from = part.OwnStart - part.Start + 1;
        var to = part.OwnEnd - part.Start + 1;
        return (window == 0 ? 0 : from, window == Plan.Count - 1 ? to + 1 : to);
    }

    private static void Return<T>(ref T[] array)
    {
        if (array.Length > 0)
            ArrayPool<T>.Shared.Return(array);
        array = [];
    }

    private int FirstWordAt(int token)
    {
        var (low, high) = (0, WordCount);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_anchors[middle] < token)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
