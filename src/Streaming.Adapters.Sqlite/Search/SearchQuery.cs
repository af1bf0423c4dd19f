using System.Globalization;
using System.Text;

namespace Streaming.Adapters.Sqlite.Search;

/// <summary>A query in words: every string is one, nothing in it is ever an operator of the index.</summary>
internal sealed class SearchQuery
{
    private const int MaxLength = 1_000;
    private const int MaxTerms = 32;

    private SearchQuery(bool isBlank, List<string[]> wanted, List<string[]> unwanted)
    {
        IsBlank = isBlank;
        Wanted = wanted;
        Unwanted = unwanted;
    }

    /// <summary>Nothing was asked: everything matches.</summary>
    internal bool IsBlank { get; }

    /// <summary>Something was asked, but there is no word in it: nothing matches.</summary>
    internal bool IsEmpty => !IsBlank && Wanted.Count == 0 && Unwanted.Count == 0;

    /// <summary>Terms that must occur; one of several words is a phrase.</summary>
    internal IReadOnlyList<string[]> Wanted { get; }

    /// <summary>Terms that must not occur.</summary>
    internal IReadOnlyList<string[]> Unwanted { get; }

    internal static SearchQuery Parse(string? text)
    {
        var wanted = new List<string[]>();
        var unwanted = new List<string[]>();
        if (string.IsNullOrWhiteSpace(text))
            return new SearchQuery(true, wanted, unwanted);
        var rest = text.AsSpan(0, Math.Min(text.Length, MaxLength));
        while (wanted.Count + unwanted.Count < MaxTerms)
        {
            rest = rest.TrimStart();
            if (rest.IsEmpty)
                break;
            var not = rest[0] == '-' && rest.Length > 1 && !char.IsWhiteSpace(rest[1]);
            if (not)
                rest = rest[1..];
            ReadOnlySpan<char> term;
            if (rest[0] == '"')
            {
                var close = rest[1..].IndexOf('"');
                // A quote that is never closed has no meaning.
                term = close < 0 ? [] : rest.Slice(1, close);
                rest = close < 0 ? rest[1..] : rest[(close + 2)..];
            }
            else
            {
                var end = 0;
                while (end < rest.Length && rest[end] != '"' && !char.IsWhiteSpace(rest[end]))
                    end++;
                term = rest[..end];
                rest = rest[end..];
            }
            var words = Cut(term);
            if (words.Length > 0)
                (not ? unwanted : wanted).Add(words);
        }
        return new SearchQuery(false, wanted, unwanted);
    }

    /// <summary>The question in the index's language. Words consist of letters, digits and signs beyond ASCII: nothing to escape.</summary>
    /// <param name="allLabel">Id of the label that every document has.</param>
    /// <param name="filters">For each filter the ids of the labels of which one is needed.</param>
    internal string ToExpression(long allLabel, IReadOnlyList<IReadOnlyList<long>> filters)
    {
        var expression = new StringBuilder();
        if (Wanted.Count > 0)
            AppendTerms(expression.Append("text : ("), Wanted, " AND ").Append(')');
        foreach (var filter in filters)
        {
            expression.Append(expression.Length > 0 ? " AND " : "").Append("labels : (");
            for (var i = 0; i < filter.Count; i++)
                expression.Append(CultureInfo.InvariantCulture, $"{(i > 0 ? " OR " : "")}\"l{filter[i]:x}\"");
            expression.Append(')');
        }
        if (expression.Length == 0)
            expression.Append(CultureInfo.InvariantCulture, $"labels : \"l{allLabel:x}\"");
        if (Unwanted.Count == 0)
            return expression.ToString();
        expression.Insert(0, '(').Append(") NOT text : (");
        return AppendTerms(expression, Unwanted, " OR ").Append(')').ToString();
    }

    private static StringBuilder AppendTerms(StringBuilder expression, IReadOnlyList<string[]> terms, string between)
    {
        for (var i = 0; i < terms.Count; i++)
            expression.Append(i > 0 ? between : "").Append('"').AppendJoin(' ', terms[i]).Append('"');
        return expression;
    }

    private static string[] Cut(ReadOnlySpan<char> term)
    {
        var words = new List<string>();
        Span<char> room = stackalloc char[WordCutter.MaxWordLength];
        var cutter = new WordCutter(term, room);
        while (cutter.MoveNext())
        {
            if (cutter.Word.Length > 0)
                words.Add(cutter.Word.ToString());
        }
        return [.. words];
    }
}
