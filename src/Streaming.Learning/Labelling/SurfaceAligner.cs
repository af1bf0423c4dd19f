using Streaming.Contracts;

namespace Streaming.Learning.Labelling;

/// <summary>
/// Finds the surface strings of a reply in the text: exactly, then whatever the case, then normalised (white space, quotes, dashes,
/// invisible characters), then with a letter or two wrong. What is not there is dropped and counted.
/// </summary>
/// <remarks>
/// A string stands for every place where it occurs as whole words, but not for places inside another mention unless it occurs only
/// there: so mentions may nest and repeat. Mentions that cross are decided for the earlier one, of the same stretch for the one named first.
/// </remarks>
public static class SurfaceAligner
{
    /// <summary>Longest surface string that is looked for, in UTF-16 code units.</summary>
    public const int MaxSurface = 500;

    private const int MinFuzzyLength = 5;
    private const int LongFuzzyLength = 10;

    /// <summary>Aligns mentions to a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="mentions">Label and surface string, in the reply's order.</param>
    public static AlignedMentions Align(string text, IReadOnlyList<(string Label, string Surface)> mentions)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(mentions);
        var normal = new NormalText(text);
        var found = new List<(SampleSpan Span, int Order)>();
        var places = new List<(string Label, List<(int Start, int End)> Places)>();
        var seen = new HashSet<(string, string)>();
        int hallucinated = 0, discontinuous = 0;
        foreach (var (label, surface) in mentions)
        {
            var trimmed = surface.Trim();
            if (trimmed.Length is 0 or > MaxSurface)
            {
                hallucinated++;
                continue;
            }

            var at = Find(normal, trimmed);
            if (at.Count == 0)
            {
                if (IsScattered(normal, trimmed))
                    discontinuous++;
                else
                    hallucinated++;
            }
            else if (seen.Add((label, trimmed)))
            {
                places.Add((label, at));
            }
        }

        for (var i = 0; i < places.Count; i++)
        {
            var inside = places[i].Places.ToLookup(place => places.Where((other, j) => j != i).Any(other => other.Places.Exists(outer => Contains(outer, place))));
            foreach (var (start, end) in inside[false].Any() ? inside[false] : inside[true])
                found.Add((new SampleSpan(start, end, places[i].Label), i));
        }

        return new AlignedMentions(Settle(found), mentions.Count, hallucinated, discontinuous);
    }

    private static List<(int Start, int End)> Find(NormalText text, string surface)
    {
        var found = text.FindExact(surface, StringComparison.Ordinal);
        if (found.Count == 0)
            found = text.FindExact(surface, StringComparison.OrdinalIgnoreCase);
        if (found.Count == 0)
            found = text.FindNormalised(surface);
        if (found.Count == 0 && surface.Length >= MinFuzzyLength)
            found = text.FindFuzzy(surface, surface.Length >= LongFuzzyLength ? 2 : 1);
        return found;
    }

    // Words of it stand in the text in their order, with others between.
    private static bool IsScattered(NormalText text, string surface)
    {
        var words = surface.Split([' ', '…', '.', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2)
            return false;
        var from = 0;
        foreach (var word in words)
        {
            var next = text.FindExact(word, StringComparison.OrdinalIgnoreCase).FirstOrDefault(place => place.Start >= from, (Start: -1, End: -1));
            if (next.Start < 0)
                return false;
            from = next.End;
        }

        return true;
    }

    private static List<SampleSpan> Settle(List<(SampleSpan Span, int Order)> found)
    {
        found.Sort(static (a, b) => (a.Span.Start, -a.Span.End, a.Order).CompareTo((b.Span.Start, -b.Span.End, b.Order)));
        var kept = new List<SampleSpan>();
        foreach (var (span, _) in found)
        {
            if (!kept.Exists(other => (other.Start, other.End) == (span.Start, span.End) || (other.End > span.Start && other.End < span.End)))
                kept.Add(span);
        }

        return kept;
    }

    private static bool Contains((int Start, int End) outer, (int Start, int End) inner) =>
        outer.Start <= inner.Start && outer.End >= inner.End && outer.End - outer.Start > inner.End - inner.Start;
}
