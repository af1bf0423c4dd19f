using System.Runtime.InteropServices;
using Streaming.Core.Search;

namespace Streaming.Adapters.Sqlite.Search;

/// <summary>Finds the words and phrases of a query in a text again, with their places in the original.</summary>
internal sealed class Highlighter
{
    /// <summary>Nobody reads more marks in one text.</summary>
    private const int MaxSpans = 1_000;

    private readonly Dictionary<string, int> _words = new(StringComparer.Ordinal);
    private readonly List<int[]> _terms = [];

    internal Highlighter(SearchQuery query)
    {
        foreach (var term in query.Wanted)
        {
            var ids = new int[term.Length];
            for (var i = 0; i < ids.Length; i++)
            {
                ref var id = ref CollectionsMarshal.GetValueRefOrAddDefault(_words, term[i], out var known);
                if (!known)
                    id = _words.Count;
                ids[i] = id;
            }
            _terms.Add(ids);
        }
    }

    internal IReadOnlyList<TextSpan> Find(string text)
    {
        if (_terms.Count == 0)
            return [];
        var found = new List<(int Start, int End, int Word)>();
        var lookup = _words.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<char> room = stackalloc char[WordCutter.MaxWordLength];
        var cutter = new WordCutter(text, room);
        while (cutter.MoveNext())
        {
            if (lookup.TryGetValue(cutter.Word, out var id))
                found.Add((cutter.Start, cutter.End, id));
            else if (found.Count > 0 && found[^1].Word != 0)
                found.Add((0, 0, 0)); // a word between: phrases do not reach across
        }
        var spans = new List<TextSpan>();
        for (var i = 0; i < found.Count; i++)
        {
            foreach (var term in _terms)
            {
                if (Matches(found, i, term))
                    spans.Add(new TextSpan(found[i].Start, found[i + term.Length - 1].End));
            }
        }
        return Merge(spans);
    }

    private static bool Matches(List<(int Start, int End, int Word)> found, int at, int[] term)
    {
        if (at + term.Length > found.Count)
            return false;
        for (var i = 0; i < term.Length; i++)
        {
            if (found[at + i].Word != term[i])
                return false;
        }
        return true;
    }

    private static List<TextSpan> Merge(List<TextSpan> spans)
    {
        spans.Sort(static (a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : b.End.CompareTo(a.End));
        var merged = new List<TextSpan>();
        foreach (var span in spans)
        {
            if (merged.Count > 0 && span.Start < merged[^1].End)
                merged[^1] = new TextSpan(merged[^1].Start, Math.Max(merged[^1].End, span.End));
            else if (merged.Count < MaxSpans)
                merged.Add(span);
            else
                break;
        }
        return merged;
    }
}
