namespace Streaming.Adapters.Elasticsearch.Searching;

/// <summary>A query as its words and phrases. Every string is one; nothing in it is an operator of the server.</summary>
internal sealed class QueryTerms
{
    private const int MaxLength = 1_000;
    private const int MaxTerms = 32;

    private QueryTerms(bool isBlank, List<string> wanted, List<string> unwanted) =>
        (IsBlank, Wanted, Unwanted) = (isBlank, wanted, unwanted);

    /// <summary>Nothing was asked: everything matches.</summary>
    public bool IsBlank { get; }

    /// <summary>Something was asked, but there is no word in it: nothing matches.</summary>
    public bool IsEmpty => !IsBlank && Wanted.Count == 0 && Unwanted.Count == 0;

    /// <summary>Must occur, each as a phrase of one or more words.</summary>
    public IReadOnlyList<string> Wanted { get; }

    /// <summary>Must not occur.</summary>
    public IReadOnlyList<string> Unwanted { get; }

    public static QueryTerms Parse(string? query)
    {
        List<string> wanted = [], unwanted = [];
        if (string.IsNullOrWhiteSpace(query))
            return new QueryTerms(true, wanted, unwanted);
        var rest = query.AsSpan(0, Math.Min(query.Length, MaxLength));
        while (wanted.Count + unwanted.Count < MaxTerms && !(rest = rest.TrimStart()).IsEmpty)
        {
            var not = rest.Length > 1 && rest[0] == '-' && !char.IsWhiteSpace(rest[1]);
            if (not)
                rest = rest[1..];
            var term = rest[0] == '"' ? TakePhrase(ref rest) : TakeWord(ref rest);
            if (HasWord(term))
                (not ? unwanted : wanted).Add(Text.Valid(term));
        }

        return new QueryTerms(false, wanted, unwanted);
    }

    private static ReadOnlySpan<char> TakePhrase(ref ReadOnlySpan<char> rest)
    {
        var close = rest[1..].IndexOf('"');
        // A quote that is never closed has no meaning.
        var phrase = close < 0 ? [] : rest.Slice(1, close);
        rest = close < 0 ? rest[1..] : rest[(close + 2)..];
        return phrase;
    }

    private static ReadOnlySpan<char> TakeWord(ref ReadOnlySpan<char> rest)
    {
        var end = 0;
        while (end < rest.Length && rest[end] != '"' && !char.IsWhiteSpace(rest[end]))
            end++;
        var word = rest[..end];
        rest = rest[end..];
        return word;
    }

    private static bool HasWord(ReadOnlySpan<char> term)
    {
        foreach (var c in term)
        {
            if (char.IsLetterOrDigit(c) || char.IsSurrogate(c))
                return true;
        }

        return false;
    }
}
