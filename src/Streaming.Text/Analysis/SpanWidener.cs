using System.Globalization;

namespace Streaming.Text.Analysis;

/// <summary>Moves the ends of a span outwards to where a reader sees characters end.</summary>
internal static class SpanWidener
{
    private const char Joiner = '\u200D';

    /// <summary>Widens <c>[start, end)</c> so that no surrogate pair, accent or joined emoji is cut.</summary>
    internal static (int Start, int End) Widen(ReadOnlySpan<char> text, int start, int end)
    {
        while (start > 0 && start < text.Length && (Extends(text, start) || text[start - 1] == Joiner))
            start--;
        while (end > 0 && end < text.Length && (Extends(text, end) || text[end - 1] == Joiner))
            end++;
        return (start, end);
    }

    /// <summary>Whether what stands here belongs to what stands before it.</summary>
    private static bool Extends(ReadOnlySpan<char> text, int at)
    {
        var unit = text[at];
        if (char.IsAscii(unit))
            return false;
        if (char.IsLowSurrogate(unit))
            return char.IsHighSurrogate(text[at - 1]);
        if (unit == Joiner)
            return true;
        var scalar = char.IsHighSurrogate(unit) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1])
            ? char.ConvertToUtf32(unit, text[at + 1]) : unit;
        return scalar is >= 0x1F3FB and <= 0x1F3FF || CharUnicodeInfo.GetUnicodeCategory(scalar)
            is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.SpacingCombiningMark;
    }
}
