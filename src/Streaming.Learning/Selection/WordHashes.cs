namespace Streaming.Learning.Selection;

/// <summary>64-bit hashes (FNV-1a, mixed) of a text's words: runs of letters and digits, whatever their case. No allocation.</summary>
internal ref struct WordHashes(ReadOnlySpan<char> text)
{
    private ReadOnlySpan<char> _rest = text;

    public ulong Current { get; private set; }

    public readonly WordHashes GetEnumerator() => this;

    public bool MoveNext()
    {
        var start = 0;
        while (start < _rest.Length && !IsWord(_rest[start]))
            start++;
        if (start == _rest.Length)
            return false;
        var end = start;
        var hash = 14695981039346656037UL;
        while (end < _rest.Length && IsWord(_rest[end]))
            hash = (hash ^ char.ToLowerInvariant(_rest[end++])) * 1099511628211UL;
        hash ^= hash >> 32;
        Current = hash * 0x9E3779B97F4A7C15UL;
        _rest = _rest[end..];
        return true;
    }

    // Halves of surrogate pairs stand for a letter of another plane.
    private static bool IsWord(char c) => char.IsLetterOrDigit(c) || char.IsSurrogate(c);
}
