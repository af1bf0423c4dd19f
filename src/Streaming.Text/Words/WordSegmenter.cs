using System.Buffers;
using System.Globalization;
using System.Text;

namespace Streaming.Text.Words;

/// <summary>
/// Finds the words that token heads label, close to how CoNLL, Universal Dependencies and the tweet corpora write them:
/// punctuation apart, clitics apart (<c>do|n't</c>, <c>Obama|'s</c>); abbreviations, initials, numbers, hyphenated words,
/// addresses, @names and #tags whole. Linear in the text.
/// </summary>
/// <remarks>Offsets are into the text as it is; a word never begins or ends inside a surrogate pair or before a combining mark.</remarks>
public static class WordSegmenter
{
    private static readonly HashSet<string> Abbreviations = new(StringComparer.Ordinal)
    {
        "Mr", "Mrs", "Ms", "Dr", "Drs", "Messrs", "Prof", "Sen", "Rep", "Gov", "Gen", "Col", "Lt", "Sgt", "Capt", "Cmdr", "Adm", "Rev", "Hon", "St", "Mt", "Ft",
        "Jr", "Sr", "Inc", "Corp", "Co", "Ltd", "Bros", "Ave", "Blvd", "Rd", "No", "vs", "etc", "Jan", "Feb", "Mar", "Apr", "Aug", "Sept", "Sep",
        "Oct", "Nov", "Dec",
    };

    private static readonly string[] Clitics = ["s", "m", "d", "re", "ve", "ll"];
    private static readonly SearchValues<char> LineBreaks = SearchValues.Create("\n\r\u2028\u2029");

    /// <summary>Appends the words of a text in order.</summary>
    public static void Segment(ReadOnlySpan<char> text, List<WordSpan> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        var i = 0;
        while (i < text.Length)
        {
            var (rune, length) = Next(text, i);
            if (Rune.IsWhiteSpace(rune) || IsInvisible(rune))
            {
                i += length;
                continue;
            }

            var end = EndOfWord(text, i, rune, length);
            var split = StartOfNegation(text, i, end);
            if (split > i)
            {
                // do|n't: the n goes along with what follows it.
                words.Add(new WordSpan(i, split));
                (i, end) = (split, end + 2);
            }

            words.Add(new WordSpan(i, end));
            i = end;
        }
    }

    /// <summary>Whether a sentence begins with each word: at the start, after a final mark that is a word of its own, after a line break.</summary>
    /// <param name="text">The text.</param>
    /// <param name="words">Its words in order.</param>
    /// <param name="initial">Receives one flag a word.</param>
    public static void MarkSentences(ReadOnlySpan<char> text, ReadOnlySpan<WordSpan> words, Span<bool> initial)
    {
        for (var word = 0; word < words.Length; word++)
        {
            if (word == 0)
            {
                initial[word] = true;
                continue;
            }

            var previous = words[word - 1];
            var between = previous.End < words[word].Start ? text[previous.End..words[word].Start] : default;
            initial[word] = text[previous.Start] is '.' or '!' or '?' && text[previous.End - 1] is '.' or '!' or '?'
                || between.IndexOfAny(LineBreaks) >= 0;
        }
    }

    private static int EndOfWord(ReadOnlySpan<char> text, int start, Rune first, int firstLength)
    {
        var rest = text[start..];
        if (StartsAddress(rest))
            return EndOfAddress(text, start);
        if (first.Value == '@' && IsWordAt(text, start + 1) || first.Value == '#' && IsWordAt(text, start + 1) && !char.IsDigit(rest[1]))
            return Run(text, start + 1);
        if (IsClitic(text, start, out var cliticEnd))
            return cliticEnd;
        if (IsIdeograph(first))
            return SkipMarks(text, start + firstLength);
        if (IsWordRune(first))
            return EndOfLetters(text, start);
        if (first.Value is '$' or '\u00A3' or '\u20AC')
            return start + 1;
        if (EmoticonLength(rest) is var emoticon and > 0)
            return start + emoticon;
        if (Rune.IsSymbol(first) && first.Value > 0x7F)
            return EndOfSymbol(text, start + firstLength, first);

        // Dots, dashes, exclamation marks in a row are one mark; so are two single quotes.
        var end = start + firstLength;
        if (first.Value is '.' or '-' or '!' or '?' or '*' or '=' or '~' or '+' or '<' or '>' or '\'' or '`')
        {
            while (end < text.Length && text[end] == text[start])
                end++;
        }

        return SkipMarks(text, end);
    }

    /// <summary>A word of letters and digits with what holds it together; clitics at its end are left for the next call.</summary>
    private static int EndOfLetters(ReadOnlySpan<char> text, int start)
    {
        var end = Run(text, start);
        while (end + 1 < text.Length && Joins(text, start, end))
            end = Run(text, end + 1);
        if (end < text.Length && text[end] == '.' && TakesDot(text[start..end]))
            return end + 1;
        return end;
    }

    /// <summary>Where n't begins when a word that ends here is followed by 't; otherwise −1.</summary>
    private static int StartOfNegation(ReadOnlySpan<char> text, int start, int end) =>
        end - start > 1 && end + 1 < text.Length && IsApostrophe(text[end]) && IsNegationAt(text, end) ? end - 1 : -1;

    private static bool Joins(ReadOnlySpan<char> text, int start, int at)
    {
        if (!IsWordAt(text, at + 1))
            return false;
        var (before, after) = (text[at - 1], text[at + 1]);
        return text[at] switch
        {
            '-' or '\u2010' or '\u2011' => true,
            '.' => char.IsDigit(before) && char.IsDigit(after) || at - start <= 16 && IsInitials(text[start..at]) && char.IsLetter(after)
                || char.IsLetterOrDigit(before) && (char.IsLower(after) || char.IsDigit(after)),
            ',' => char.IsDigit(before) && char.IsDigit(after),
            ':' or '/' => char.IsDigit(before) && char.IsDigit(after),
            '&' => char.IsUpper(before) && char.IsUpper(after),
            '@' => true,
            var mark when IsApostrophe(mark) => char.IsLetter(before) && char.IsLetter(after) && !IsCliticAt(text, at) && !IsNegationAt(text, at),
            _ => false,
        };
    }

    private static bool TakesDot(ReadOnlySpan<char> word) =>
        word.Length == 1 && char.IsUpper(word[0]) || word.Length <= 16 && word.Contains('.') && IsInitials(word)
        || Abbreviations.GetAlternateLookup<ReadOnlySpan<char>>().Contains(word);

    /// <summary>J, U.S, a.m: single letters with dots between.</summary>
    private static bool IsInitials(ReadOnlySpan<char> word)
    {
        for (var i = 0; i < word.Length; i++)
        {
            if (i % 2 == 0 ? !char.IsLetter(word[i]) : word[i] != '.')
                return false;
        }

        return word.Length % 2 == 1;
    }

    private static bool IsClitic(ReadOnlySpan<char> text, int start, out int end)
    {
        end = start;
        // After a word, or apart where the text was tokenised before (Obama 's, do n't).
        if (IsApostrophe(text[start]) && start > 0 && (char.IsLetterOrDigit(text[start - 1]) || char.IsWhiteSpace(text[start - 1]) || IsWordAt(text, start - 1)) && IsCliticAt(text, start))
            end = Run(text, start + 1);
        else if (text[start] is 'n' or 'N' && start + 2 < text.Length && IsApostrophe(text[start + 1]) && IsNegationAt(text, start + 1))
            end = start + 3;
        return end > start;
    }

    private static bool IsCliticAt(ReadOnlySpan<char> text, int at)
    {
        foreach (var clitic in Clitics)
        {
            var end = at + 1 + clitic.Length;
            if (end <= text.Length && text[(at + 1)..end].Equals(clitic, StringComparison.OrdinalIgnoreCase) && !IsWordAt(text, end))
                return true;
        }

        return false;
    }

    private static bool IsNegationAt(ReadOnlySpan<char> text, int at) =>
        text[at - 1] is 'n' or 'N' && text[at + 1] is 't' or 'T' && !IsWordAt(text, at + 2);

    private static bool IsApostrophe(char unit) => unit is '\'' or '\u2019';

    private static bool StartsAddress(ReadOnlySpan<char> rest) =>
        rest.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || rest.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
        || rest.StartsWith("www.", StringComparison.OrdinalIgnoreCase);

    private static int EndOfAddress(ReadOnlySpan<char> text, int start)
    {
        var end = start;
        while (end < text.Length && !char.IsWhiteSpace(text[end]) && text[end] is not ('<' or '>' or '"'))
            end++;
        while (end > start + 1 && text[end - 1] is '.' or ',' or ';' or ':' or '!' or '?' or ')' or ']' or '\'' or '\u2019')
            end--;
        return end;
    }

    private static int EmoticonLength(ReadOnlySpan<char> rest)
    {
        if (rest.Length < 2 || rest[0] is not (':' or ';' or '='))
            return 0;
        var mouth = rest[1] == '-' && rest.Length > 2 ? 2 : 1;
        var known = rest[mouth] is ')' or '(' or 'D' or 'P' or 'p' or '/' or '|' or ']' or '[' or 'o' or 'O' or '*' or '3';
        return known && (mouth + 1 == rest.Length || !char.IsLetterOrDigit(rest[mouth + 1]) && rest[mouth + 1] != '/') ? mouth + 1 : 0;
    }

    private static int EndOfSymbol(ReadOnlySpan<char> text, int end, Rune first)
    {
        // Flags are two regional indicators; families are joined by ZWJ; skin tones and selectors follow.
        if (IsRegional(first) && end < text.Length && IsRegional(Next(text, end).Rune))
            end += 2;
        while (end < text.Length)
        {
            var (rune, length) = Next(text, end);
            if (rune.Value == 0x200D && end + 1 < text.Length && Rune.IsSymbol(Next(text, end + 1).Rune))
                end += 1 + Next(text, end + 1).Length;
            else if (rune.Value is >= 0x1F3FB and <= 0x1F3FF || IsMark(rune))
                end += length;
            else
                break;
        }

        return end;
    }

    private static bool IsRegional(Rune rune) => rune.Value is >= 0x1F1E6 and <= 0x1F1FF;

    /// <summary>End of the run of word characters from here on.</summary>
    private static int Run(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length)
        {
            var unit = text[at];
            if (char.IsAscii(unit))
            {
                if (!char.IsAsciiLetterOrDigit(unit) && unit != '_')
                    break;
                at++;
                continue;
            }

            var (rune, length) = Next(text, at);
            if (!IsWordRune(rune) && !IsMark(rune) && !IsInvisible(rune) || IsIdeograph(rune))
                break;
            at += length;
        }

        return at;
    }

    private static int SkipMarks(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && !char.IsAscii(text[at]))
        {
            var (rune, length) = Next(text, at);
            if (!IsMark(rune))
                break;
            at += length;
        }

        return at;
    }

    private static bool IsWordAt(ReadOnlySpan<char> text, int at) => at >= 0 && at < text.Length && IsWordRune(Next(text, at).Rune);

    private static bool IsWordRune(Rune rune) => Rune.IsLetterOrDigit(rune) || rune.Value == '_' || IsMark(rune);

    private static bool IsMark(Rune rune) => rune.Value > 0x7F && Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.SpacingCombiningMark;

    private static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;

    private static bool IsIdeograph(Rune rune) => rune.Value
        is (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x2FA1F);

    private static (Rune Rune, int Length) Next(ReadOnlySpan<char> text, int at)
    {
        _ = Rune.DecodeFromUtf16(text[at..], out var rune, out var length);
        return (rune, length);
    }
}
