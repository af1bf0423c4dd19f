namespace Streaming.Text.Tokenization;

/// <summary>Takes the spaces at the ends of byte-level tokens out of their offsets.</summary>
internal sealed class SpaceTrim
{
    private readonly byte[] _leading;
    private readonly byte[] _trailing;
    private readonly bool _firstIsAdded;

    /// <summary>A trim.</summary>
    /// <param name="vocabulary">Pieces in their byte-level spelling; special tokens are trimmed by whoever finds them.</param>
    /// <param name="size">Number of ids.</param>
    /// <param name="firstIsAdded">Whether one space at the beginning of a text was put there and stands for nothing.</param>
    internal SpaceTrim(IEnumerable<KeyValuePair<string, int>> vocabulary, int size, bool firstIsAdded)
    {
        const char space = '\u0120';
        (_leading, _trailing, _firstIsAdded) = (new byte[size], new byte[size], firstIsAdded);
        foreach (var (piece, id) in vocabulary)
        {
            _leading[id] = (byte)Math.Min(byte.MaxValue, piece.Length - piece.AsSpan().TrimStart(space).Length);
            _trailing[id] = (byte)Math.Min(byte.MaxValue, piece.Length - piece.AsSpan().TrimEnd(space).Length);
        }
    }

    /// <summary>Trims the tokens from <paramref name="first"/> on.</summary>
    internal void Apply(TokenBuffer buffer, int first)
    {
        var ids = buffer.Ids;
        var starts = buffer.AllStarts;
        var ends = buffer.AllEnds;
        for (var token = first; token < ids.Length; token++)
        {
            int leading = _leading[ids[token]], trailing = _trailing[ids[token]];
            if (leading == 1 && _firstIsAdded && (token == first || starts[token] == 0))
                leading = 0;
            starts[token] = Math.Min(starts[token] + leading, ends[token]);
            if (trailing > 0 && ends[token] >= trailing)
                ends[token] = Math.Max(ends[token] - trailing, starts[token]);
        }
    }
}
