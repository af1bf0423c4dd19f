namespace Streaming.Learning.Baselines;

/// <summary>The baseline a tagger has to beat: each word gets the tag it most often had in training, an unknown word <c>O</c>.</summary>
public sealed class UnigramTagger
{
    private readonly Dictionary<string, Dictionary<string, int>> _counts = new(StringComparer.Ordinal);

    /// <summary>Counts a sentence.</summary>
    public void Add(IReadOnlyList<string> words, IReadOnlyList<string> tags)
    {
        for (var i = 0; i < words.Count; i++)
        {
            if (!_counts.TryGetValue(words[i], out var tagCounts))
                _counts.Add(words[i], tagCounts = new Dictionary<string, int>(StringComparer.Ordinal));
            tagCounts[tags[i]] = tagCounts.GetValueOrDefault(tags[i]) + 1;
        }
    }

    /// <summary>Tags a sentence; of equally frequent tags the first in ordinal order.</summary>
    public string[] Predict(IReadOnlyList<string> words)
    {
        var tags = new string[words.Count];
        for (var i = 0; i < tags.Length; i++)
        {
            tags[i] = _counts.TryGetValue(words[i], out var tagCounts)
                ? tagCounts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).First().Key
                : "O";
        }

        return tags;
    }
}
