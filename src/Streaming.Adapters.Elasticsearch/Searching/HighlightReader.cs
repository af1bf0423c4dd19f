using Streaming.Core.Search;

namespace Streaming.Adapters.Elasticsearch.Searching;

/// <summary>Turns marked-up text back into spans of the text itself.</summary>
internal static class HighlightReader
{
    /// <summary>
    /// Walks both texts side by side. Where the marked one says something else than text and markers, the spans end
    /// there: a wrong span is worse than none.
    /// </summary>
    /// <param name="text">The document's text.</param>
    /// <param name="marked">The same with <paramref name="open"/> and <paramref name="close"/> around what matched.</param>
    /// <param name="open">Not in the text.</param>
    /// <param name="close">Not in the text.</param>
    public static IReadOnlyList<TextSpan> Read(string text, string marked, string open, string close)
    {
        var spans = new List<TextSpan>();
        var at = 0;
        var start = -1;
        for (var i = 0; i < marked.Length;)
        {
            if (string.CompareOrdinal(marked, i, open, 0, open.Length) == 0)
            {
                start = at;
                i += open.Length;
            }
            else if (string.CompareOrdinal(marked, i, close, 0, close.Length) == 0)
            {
                if (start >= 0 && at > start)
                    spans.Add(new TextSpan(start, at));
                start = -1;
                i += close.Length;
            }
            else if (at < text.Length && marked[i] == text[at])
            {
                i++;
                at++;
            }
            else
            {
                break;
            }
        }

        return spans;
    }
}
