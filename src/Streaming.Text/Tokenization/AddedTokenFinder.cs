using System.Buffers;
using System.Text;
using Streaming.Text.Tokenization.Subwords;

namespace Streaming.Text.Tokenization;

/// <summary>Finds added tokens in raw text: leftmost, then longest.</summary>
internal sealed class AddedTokenFinder
{
    private readonly AddedToken[] _tokens;
    private readonly PieceTrie _trie;
    private readonly SearchValues<char> _firsts;

    /// <summary>A finder.</summary>
    internal AddedTokenFinder(IReadOnlyList<AddedToken> tokens)
    {
        _tokens = [.. tokens];
        _trie = new PieceTrie(_tokens.Select(static (token, index) => KeyValuePair.Create(token.Content, index)));
        _firsts = SearchValues.Create(_tokens.Select(static token => token.Content[0]).Distinct().ToArray());
    }

    /// <summary>Whether there is anything to find.</summary>
    internal bool IsEmpty => _tokens.Length == 0;

    /// <summary>The next one.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="from">Where to look from; white space before that is taken already.</param>
    /// <param name="id">Its id.</param>
    /// <param name="start">Where it begins, with the white space it takes.</param>
    /// <param name="end">Where it ends.</param>
    internal bool TryFind(ReadOnlySpan<char> text, int from, out int id, out int start, out int end)
    {
        (id, start, end) = (0, 0, 0);
        for (var at = from; at < text.Length; at++)
        {
            var skip = text[at..].IndexOfAny(_firsts);
            if (skip < 0)
                return false;
            at += skip;
            if (Longest(text[at..], out var length) is not { } token || (token.IsWholeWord && TouchesWord(text, at, at + length)))
                continue;
            (id, start, end) = (token.Id, at, at + length);
            while (token.TakesLeft && start > from && char.IsWhiteSpace(text[start - 1]))
                start--;
            while (token.TakesRight && end < text.Length && char.IsWhiteSpace(text[end]))
                end++;
            return true;
        }

        return false;
    }

    private AddedToken? Longest(ReadOnlySpan<char> text, out int length)
    {
        length = 0;
        AddedToken? found = null;
        var state = PieceTrie.Root;
        var read = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            state = _trie.Next(state, rune.Value);
            if (state == 0)
                break;
            read += rune.Utf16SequenceLength;
            if (_trie.IdAt(state) is var index and >= 0)
                (found, length) = (_tokens[index], read);
        }

        return found;
    }

    private static bool TouchesWord(ReadOnlySpan<char> text, int start, int end)
    {
        Rune.DecodeLastFromUtf16(text[..start], out var before, out _);
        Rune.DecodeFromUtf16(text[end..], out var after, out _);
        return (start > 0 && IsWord(before)) || (end < text.Length && IsWord(after));
    }

    private static bool IsWord(Rune rune) =>
        Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.NonSpacingMark
            or System.Globalization.UnicodeCategory.SpacingCombiningMark or System.Globalization.UnicodeCategory.ConnectorPunctuation;
}
