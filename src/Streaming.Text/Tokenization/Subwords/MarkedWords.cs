namespace Streaming.Text.Tokenization.Subwords;

/// <summary>Words that begin with a mark (SentencePiece's ▁), which belongs to the word behind it.</summary>
internal static class MarkedWords
{
    /// <summary>The mark that is usual.</summary>
    internal const int Mark = 0x2581;

    /// <summary>Where the word that begins at <paramref name="from"/> ends.</summary>
    /// <param name="scalars">The text.</param>
    /// <param name="from">Its first scalar.</param>
    /// <param name="mark">The mark; −1: the whole text is one word.</param>
    internal static int EndOf(ReadOnlySpan<int> scalars, int from, int mark)
    {
        if (mark < 0)
            return scalars.Length;
        var next = scalars[(from + 1)..].IndexOf(mark);
        return next < 0 ? scalars.Length : from + 1 + next;
    }
}
