namespace Streaming.Text.Tokenization;

/// <summary>A stretch of a text's tokens that goes through the encoder at once.</summary>
/// <param name="Start">First token.</param>
/// <param name="End">Token after the last.</param>
/// <param name="OwnStart">First token whose result is taken from this window.</param>
/// <param name="OwnEnd">Token after the last whose result is taken from this window.</param>
public readonly record struct TokenWindow(int Start, int End, int OwnStart, int OwnEnd)
{
    /// <summary>Number of tokens, framing tokens not counted.</summary>
    public int Length => End - Start;

    /// <summary>
    /// Cuts a text into windows that overlap by <paramref name="stride"/> tokens (the last starts where its turn is and may
    /// be shorter). A token in an overlap belongs to the window whose nearer edge is farther away.
    /// </summary>
    /// <param name="tokens">Number of tokens of the text, at least 0; 0 gives no window.</param>
    /// <param name="maxLength">Longest sequence the encoder takes, <b>with</b> its two framing tokens; at least 3.</param>
    /// <param name="stride">Tokens that neighbours share; 0 to maxLength − 3.</param>
    /// <param name="maxWindows">At most so many windows; 0: as many as it takes.</param>
    public static TokenWindow[] Plan(int tokens, int maxLength, int stride, int maxWindows = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 3);
        ArgumentOutOfRangeException.ThrowIfNegative(stride);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(stride, maxLength - 3);
        if (tokens == 0)
            return [];
        var room = maxLength - 2;
        var step = room - stride;
        var count = tokens <= room ? 1 : 1 + (tokens - room + step - 1) / step;
        if (maxWindows > 0)
            count = Math.Min(count, maxWindows);
        var windows = new TokenWindow[count];
        var own = 0;
        for (var index = 0; index < count; index++)
        {
            var start = index * step;
            var end = Math.Min(start + room, tokens);

            // The next window begins at start + step; the middle of the overlap is where it sees as much as this one.
            var ownEnd = index + 1 == count ? end : start + step + (end - start - step) / 2;
            windows[index] = new TokenWindow(start, end, own, ownEnd);
            own = ownEnd;
        }

        return windows;
    }
}
