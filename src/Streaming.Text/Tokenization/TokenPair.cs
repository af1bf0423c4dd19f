namespace Streaming.Text.Tokenization;

/// <summary>Two texts in one sequence: start, first, end (as often as the family has it), second, end.</summary>
/// <param name="Ids">Vocabulary ids.</param>
/// <param name="Types">Token types: 0 up to the second text, then <see cref="SpecialTokens.SecondType"/>.</param>
/// <param name="Sequences">Which text a token is of, 0 or 1; -1: a framing token.</param>
/// <param name="Offsets">Start and end of each token in its text, flat; 0, 0 for framing tokens.</param>
public sealed record TokenPair(int[] Ids, int[] Types, int[] Sequences, int[] Offsets)
{
    /// <summary>Joins two tokenised texts; null when the strategy can't make them fit.</summary>
    /// <param name="special">The framing tokens.</param>
    /// <param name="first">Tokens of the first text.</param>
    /// <param name="second">Tokens of the second text.</param>
    /// <param name="maxLength">Longest sequence, framing tokens included.</param>
    /// <param name="truncation">Which is cut, at its end.</param>
    public static TokenPair? TryJoin(SpecialTokens special, TokenBuffer first, TokenBuffer second, int maxLength, PairTruncation truncation)
    {
        var (left, right) = (first.Count, second.Count);
        var framing = 2 + special.PairSeparators;
        var excess = left + right + framing - (long)maxLength;
        if (excess > 0)
        {
            if (truncation == PairTruncation.OnlyFirst && left > excess)
                left -= (int)excess;
            else if (truncation == PairTruncation.OnlySecond && right > excess)
                right -= (int)excess;
            else if (truncation == PairTruncation.LongestFirst && maxLength >= framing)
                (left, right) = ShareCut(left, right, maxLength - framing);
            else
                return null;
        }

        var length = left + right + framing;
        var pair = new TokenPair(new int[length], new int[length], new int[length], new int[2 * length]);
        pair.Frame(0, special.Start, 0);
        pair.Copy(1, first, left, 0);
        for (var separator = 0; separator < special.PairSeparators; separator++)
            pair.Frame(left + 1 + separator, special.End, 0);
        pair.Copy(length - right - 1, second, right, 1);
        pair.Types.AsSpan(length - right - 1).Fill(special.SecondType);
        pair.Frame(length - 1, special.End, special.SecondType);
        return pair;
    }

    private static (int Left, int Right) ShareCut(int left, int right, int room)
    {
        // The shorter text keeps what it has up to half of the room; where both are cut, the second gets the odd token.
        var shorter = Math.Min(left, right);
        var longer = room - shorter;
        if (longer < shorter)
            (shorter, longer) = (room / 2, room - room / 2);
        return left > right ? (longer, shorter) : (shorter, longer);
    }

    private void Frame(int at, int id, int type)
    {
        (Ids[at], Types[at], Sequences[at]) = (id, type, -1);
    }

    private void Copy(int at, TokenBuffer source, int count, int sequence)
    {
        source.Ids[..count].CopyTo(Ids.AsSpan(at));
        Types.AsSpan(at, count).Fill(sequence);
        Sequences.AsSpan(at, count).Fill(sequence);
        for (var token = 0; token < count; token++)
        {
            Offsets[2 * (at + token)] = source.Starts[token];
            Offsets[2 * (at + token) + 1] = source.Ends[token];
        }
    }
}
