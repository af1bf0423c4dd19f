namespace Streaming.Learning;

/// <summary>FNV-1a over UTF-16 units: the same in every process and after every restart, for fixed shuffles and shares.</summary>
internal static class StableHash
{
    /// <summary>Hashes a text.</summary>
    /// <param name="text">Text.</param>
    /// <param name="salt">Gives another order of the same texts.</param>
    public static ulong Of(string text, ulong salt = 0)
    {
        var hash = 14695981039346656037UL ^ salt;
        foreach (var unit in text)
            hash = (hash ^ unit) * 1099511628211UL;
        return hash;
    }
}
