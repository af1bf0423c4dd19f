using System.Text;

namespace Streaming.Learning.Labelling;

/// <summary>A text with its normalised form, and the way back from there to the text's own places.</summary>
internal sealed class NormalText
{
    private readonly string _text;
    private readonly string _normal;
    private readonly List<int> _origin; // place of each normalised character in the text, and of the end
    private List<(int Start, int End)>? _words;

    public NormalText(string text)
    {
        _text = text;
        _origin = new List<int>(text.Length + 1);
        _normal = Normalise(text, _origin);
    }

    /// <summary>Places where a string occurs as whole words; without such, none.</summary>
    public List<(int Start, int End)> FindExact(string surface, StringComparison comparison) => Find(_text, surface, comparison, static (_, at) => at);

    /// <summary>As <see cref="FindExact"/>, with white space, quotes, dashes, case and invisible characters made alike.</summary>
    public List<(int Start, int End)> FindNormalised(string surface)
    {
        var wanted = Normalise(surface, null).Trim();
        return wanted.Length == 0 ? [] : Find(_normal, wanted, StringComparison.Ordinal, static (self, at) => self._origin[at]);
    }

    /// <summary>The one stretch of words that is a few letters from a string; none when several are equally near.</summary>
    public List<(int Start, int End)> FindFuzzy(string surface, int distance)
    {
        var wanted = Normalise(surface, null).Trim();
        var count = wanted.AsSpan().Count(' ') + 1;
        var words = _words ??= Words();
        (int Start, int End) best = default;
        int least = distance + 1, ties = 0;
        for (var first = 0; first + count <= words.Count; first++)
        {
            var (start, end) = (words[first].Start, words[first + count - 1].End);
            if (Math.Abs(end - start - wanted.Length) > distance)
                continue;
            var apart = Distance(_normal.AsSpan(start, end - start), wanted, distance);
            if (apart < least)
                (least, best, ties) = (apart, (start, end), 1);
            else if (apart == least && !_normal.AsSpan(start, end - start).SequenceEqual(_normal.AsSpan(best.Start, best.End - best.Start)))
                ties++;
        }

        // Short words have many neighbours: their first letter must be right.
        return least > distance || ties != 1 || _normal[best.Start] != wanted[0] ? [] : [(_origin[best.Start], EndOf(best.End))];
    }

    private List<(int Start, int End)> Find(string text, string surface, StringComparison comparison, Func<NormalText, int, int> origin)
    {
        var found = new List<(int Start, int End)>();
        for (var at = text.IndexOf(surface, comparison); at >= 0; at = at + 1 < text.Length ? text.IndexOf(surface, at + 1, comparison) : -1)
        {
            var end = at + surface.Length;
            if (IsWhole(text, at, end))
                found.Add((origin(this, at), ReferenceEquals(text, _text) ? end : EndOf(end)));
        }

        return found;
    }

    // Behind the last character, not before the next one: invisible characters between belong to neither.
    private int EndOf(int end) => _origin[end - 1] + (char.IsHighSurrogate(_text[_origin[end - 1]]) ? 2 : 1);

    private static bool IsWhole(string text, int start, int end) =>
        (start == 0 || !IsWordCharacter(text[start]) || !IsWordCharacter(text[start - 1]))
        && (end == text.Length || !IsWordCharacter(text[end - 1]) || !IsWordCharacter(text[end]))
        && !(start > 0 && char.IsLowSurrogate(text[start])) && !(end < text.Length && char.IsLowSurrogate(text[end]));

    // Scripts without spaces have no whole words: any place will do.
    private static bool IsWordCharacter(char c) => char.IsLetterOrDigit(c) && c is < '\u0E00' or (> '\u10FF' and < '\u2E80') or > '\uFFA0';

    private static string Normalise(string text, List<int>? origin)
    {
        var normal = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsWhiteSpace(c))
            {
                if (normal.Length > 0 && normal[^1] == ' ')
                    continue;
                c = ' ';
            }
            else if (c is '\u200B' or '\u200C' or '\u200D' or '\u2060' or '\uFEFF' or '\u00AD')
            {
                continue;
            }
            else
            {
                c = c switch
                {
                    '\u2018' or '\u2019' or '\u201B' or '\u2032' or '\u00B4' or '`' => '\'',
                    '\u201C' or '\u201D' or '\u201E' or '\u201F' or '\u2033' or '\u00AB' or '\u00BB' => '"',
                    >= '\u2010' and <= '\u2015' or '\u2212' => '-',
                    _ => char.ToLowerInvariant(c),
                };
            }

            normal.Append(c);
            origin?.Add(i);
        }

        origin?.Add(text.Length);
        return normal.ToString();
    }

    private List<(int Start, int End)> Words()
    {
        var words = new List<(int Start, int End)>();
        for (var at = 0; at < _normal.Length;)
        {
            while (at < _normal.Length && !char.IsLetterOrDigit(_normal[at]))
                at++;
            var start = at;
            while (at < _normal.Length && _normal[at] != ' ')
                at++;
            var end = at;
            while (end > start && !char.IsLetterOrDigit(_normal[end - 1]))
                end--;
            if (end > start)
                words.Add((start, end));
        }

        return words;
    }

    /// <summary>Levenshtein distance, or one more than the bound.</summary>
    private static int Distance(ReadOnlySpan<char> left, ReadOnlySpan<char> right, int bound)
    {
        Span<int> row = stackalloc int[SurfaceAligner.MaxSurface + 1];
        for (var j = 0; j <= right.Length; j++)
            row[j] = j;
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            var least = row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (left[i - 1] == right[j - 1] ? 0 : 1));
                diagonal = above;
                least = Math.Min(least, row[j]);
            }

            if (least > bound)
                return bound + 1;
        }

        return row[right.Length];
    }
}
