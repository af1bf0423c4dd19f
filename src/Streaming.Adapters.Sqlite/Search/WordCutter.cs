using System.Globalization;
using System.Text;

namespace Streaming.Adapters.Sqlite.Search;

/// <summary>
/// Cuts text into the words that are indexed and asked for, and says where they lie. The index is fed with these words and
/// never sees the text, so what matches and what is highlighted are decided by the same code.
/// </summary>
/// <remarks>
/// A word is a run of letters, digits and their marks, folded; ideographs and pictographs are words by themselves.
/// Of a longer word only the first <see cref="MaxWordLength"/> units count. Allocation-free; linear.
/// </remarks>
internal ref struct WordCutter
{
    internal const int MaxWordLength = 64;

    private readonly ReadOnlySpan<char> _text;
    private readonly Span<char> _word;
    private int _next;
    private int _length;

    /// <param name="text">Any UTF-16; what is not well-formed separates words.</param>
    /// <param name="word">Room for <see cref="MaxWordLength"/> units.</param>
    internal WordCutter(ReadOnlySpan<char> text, Span<char> word)
    {
        _text = text;
        _word = word;
    }

    /// <summary>The folded word.</summary>
    internal readonly ReadOnlySpan<char> Word => _word[.._length];

    /// <summary>First UTF-16 unit of the word in the text.</summary>
    internal int Start { get; private set; }

    /// <summary>Behind the last unit of the word.</summary>
    internal int End { get; private set; }

    internal bool MoveNext()
    {
        _length = 0;
        var inWord = false;
        while (_next < _text.Length)
        {
            var at = _next;
            var c = _text[at];
            CharClass kind;
            Rune rune;
            int size;
            if (c < 0x80)
            {
                rune = new Rune(c);
                size = 1;
                kind = char.IsAsciiLetterOrDigit(c) ? CharClass.Part : CharClass.Separator;
            }
            else if (Rune.DecodeFromUtf16(_text[at..], out rune, out size) == System.Buffers.OperationStatus.Done)
            {
                kind = Classify(rune);
            }
            else
            {
                kind = CharClass.Separator;
            }

            if (kind == CharClass.Separator || kind == CharClass.Alone && inWord)
            {
                if (inWord)
                    return true;
                _next = at + size;
                continue;
            }
            if (kind == CharClass.Ignored)
            {
                // Joiners and marks inside a word belong to it but do not change it.
                _next = at + size;
                if (inWord)
                    End = _next;
                continue;
            }
            if (!inWord)
            {
                inWord = true;
                Start = at;
            }
            Append(SearchFolding.Fold(rune));
            _next = at + size;
            End = _next;
            if (kind == CharClass.Alone)
                return true;
        }
        return inWord;
    }

    private void Append(Rune rune)
    {
        if (_length + rune.Utf16SequenceLength <= _word.Length)
            _length += rune.EncodeToUtf16(_word[_length..]);
    }

    private static CharClass Classify(Rune rune)
    {
        var value = rune.Value;
        if (value is >= 0x300 and <= 0x36F or 0xAD or 0x200C or 0x200D or 0x2060 or >= 0xFE00 and <= 0xFE0F)
            return CharClass.Ignored;
        if (value is >= 0x2E80 and <= 0x30FF or >= 0x3400 and <= 0x4DBF or >= 0x4E00 and <= 0x9FFF or >= 0xF900 and <= 0xFAFF or >= 0x20000 and <= 0x3FFFF)
            return Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.OtherLetter ? CharClass.Alone : CharClass.Separator;
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or
                UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.DecimalDigitNumber or
                UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber or
                UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark => CharClass.Part,
            // Pictographs; not the replacement character and its neighbours.
            UnicodeCategory.OtherSymbol when value is >= 0x2600 and < 0xFFF0 or >= 0x10000 => CharClass.Alone,
            UnicodeCategory.ModifierSymbol when value is >= 0x1F3FB and <= 0x1F3FF => CharClass.Ignored,
            _ => CharClass.Separator,
        };
    }

    private enum CharClass
    {
        Separator,
        Part,
        Alone,
        Ignored,
    }
}
