namespace Streaming.Adapters.Elasticsearch.Searching;

/// <summary>What JSON can carry.</summary>
internal static class Text
{
    /// <summary>The text with U+FFFD for each surrogate that has no partner.</summary>
    public static string Valid(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                i++;
            else if (char.IsSurrogate(text[i]))
                return Mended(text);
        }

        return text.ToString();
    }

    private static string Mended(ReadOnlySpan<char> text)
    {
        var chars = text.ToArray();
        for (var i = 0; i < chars.Length; i++)
        {
            if (char.IsHighSurrogate(chars[i]) && i + 1 < chars.Length && char.IsLowSurrogate(chars[i + 1]))
                i++;
            else if (char.IsSurrogate(chars[i]))
                chars[i] = '\uFFFD';
        }

        return new string(chars);
    }
}
