namespace Streaming.Text.Heads;

/// <summary>How unsure a tagging head was of the words it decoded so far. Not safe for concurrent use.</summary>
public sealed class TagUncertainty
{
    private double _logPath;

    /// <summary>Words seen.</summary>
    public int Words { get; private set; }

    /// <summary>1 − probability of the chosen tag, at the word where that is greatest.</summary>
    public double LeastConfidence { get; private set; }

    /// <summary>1 − (best − second best tag), at the word where that is greatest.</summary>
    public double Margin { get; private set; }

    /// <summary>Entropy of a word's tags divided by its maximum, where that is greatest.</summary>
    public double Entropy { get; private set; }

    /// <summary>1 − P(chosen tags)^(1/words).</summary>
    public double Sequence => Words == 0 ? 0 : Math.Clamp(1 - Math.Exp(_logPath / Words), 0, 1);

    /// <summary>Adds one sentence.</summary>
    /// <param name="marginals">[words, labels], each row sums to 1.</param>
    /// <param name="path">The chosen labels.</param>
    /// <param name="logProbability">Logarithm of the probability of the whole path.</param>
    internal void Add(ReadOnlySpan<double> marginals, ReadOnlySpan<int> path, double logProbability)
    {
        if (path.IsEmpty)
            return;
        var labels = marginals.Length / path.Length;
        for (var word = 0; word < path.Length; word++)
        {
            var row = marginals.Slice(word * labels, labels);
            var (margin, entropy) = Shape(row);
            LeastConfidence = Math.Max(LeastConfidence, Math.Clamp(1 - row[path[word]], 0, 1));
            Margin = Math.Max(Margin, margin);
            Entropy = Math.Max(Entropy, entropy);
        }

        Words += path.Length;
        _logPath += Math.Min(0, logProbability);
    }

    /// <summary>Margin and entropy of one distribution, 0–1, higher is less sure.</summary>
    internal static (double Margin, double Entropy) Shape(ReadOnlySpan<double> probabilities)
    {
        double best = 0, second = 0, entropy = 0;
        foreach (var p in probabilities)
        {
            if (p > best)
                (best, second) = (p, best);
            else if (p > second)
                second = p;
            if (p > 0)
                entropy -= p * Math.Log(p);
        }

        var most = Math.Log(probabilities.Length);
        return (Math.Clamp(1 - (best - second), 0, 1), most > 0 ? Math.Clamp(entropy / most, 0, 1) : 0);
    }
}
