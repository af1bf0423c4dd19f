namespace Streaming.Core.Topology;

/// <summary>Guesses which name was meant, by edit distance.</summary>
internal static class NameSuggester
{
    private const int LongestCompared = 64;

    /// <summary>The nearest candidate, or null when none is near. Case, <c>_</c>, <c>-</c> and <c>.</c> make no difference.</summary>
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        if (word.Length > LongestCompared)
        {
            return null;
        }

        var folded = Fold(word);
        string? best = null;
        var bestDistance = int.MaxValue;
        foreach (var candidate in candidates)
        {
            var other = Fold(candidate);
            var distance = Distance(folded, other);
            var allowed = Math.Max(1, Math.Max(folded.Length, other.Length) / 3);
            if (distance <= allowed && distance < bestDistance)
            {
                best = candidate;
                bestDistance = distance;
            }
        }

        return best;
    }

    /// <summary>Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other.</summary>
    internal static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            rows[i, 0] = i;
        }

        for (var j = 0; j <= b.Length; j++)
        {
            rows[0, j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                var best = Math.Min(Math.Min(rows[i - 1, j] + 1, rows[i, j - 1] + 1), rows[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    best = Math.Min(best, rows[i - 2, j - 2] + 1);
                }

                rows[i, j] = best;
            }
        }

        return rows[a.Length, b.Length];
    }

    private static string Fold(string word) =>
        string.Concat(word.Where(c => c is not ('_' or '-' or '.' or ' '))).ToLowerInvariant();
}
