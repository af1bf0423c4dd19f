namespace Streaming.Learning.Metrics;

/// <summary>
/// Whether one model is better than another on the same samples: approximate randomisation of the paired predictions
/// (Noreen 1989; Yeh 2000 for F1) gives the p-value, paired bootstrap draws (Koehn 2004) the interval of the difference.
/// </summary>
/// <param name="Baseline">Score of the baseline, 0–1.</param>
/// <param name="Candidate">Score of the candidate, 0–1.</param>
/// <param name="Low">95 % interval of candidate minus baseline, lower end.</param>
/// <param name="High">95 % interval of candidate minus baseline, upper end.</param>
/// <param name="PValue">Two-sided probability of a difference at least as large if both were equally good, in (0, 1].</param>
public sealed record PairedComparison(double Baseline, double Candidate, double Low, double High, double PValue)
{
    /// <summary>Candidate minus baseline.</summary>
    public double Difference => Candidate - Baseline;

    /// <summary>Whether the difference is significant at the 5 % level.</summary>
    public bool IsSignificant => PValue < 0.05;

    /// <summary>Compares micro F1 of spans, sentence by sentence.</summary>
    /// <param name="baseline">Counts of each sentence under the baseline.</param>
    /// <param name="candidate">Counts of the same sentences, in the same order, under the candidate.</param>
    /// <param name="seed">Same seed, same result.</param>
    /// <param name="rounds">Randomisations and bootstrap draws; at least 1.</param>
    /// <exception cref="ArgumentException">The two were not measured on the same sentences.</exception>
    public static PairedComparison OfMicroF1(IReadOnlyList<SampleCounts> baseline, IReadOnlyList<SampleCounts> candidate, ulong seed = 1, int rounds = 2000)
    {
        if (baseline.Count != candidate.Count)
            throw new ArgumentException($"The baseline has {baseline.Count} samples and the candidate {candidate.Count}.", nameof(candidate));
        for (var i = 0; i < baseline.Count; i++)
        {
            if (baseline[i].Gold != candidate[i].Gold)
                throw new ArgumentException($"Sample {i} has {baseline[i].Gold} gold spans for the baseline and {candidate[i].Gold} for the candidate.", nameof(candidate));
        }

        return Of(baseline.Count, seed, rounds, (score, sample, other) => score.Add(other ? candidate[sample] : baseline[sample]));
    }

    /// <summary>Compares accuracy, sample by sample.</summary>
    /// <param name="baseline">Whether the baseline is right on each sample.</param>
    /// <param name="candidate">Whether the candidate is right on the same samples, in the same order.</param>
    /// <param name="seed">Same seed, same result.</param>
    /// <param name="rounds">Randomisations and bootstrap draws; at least 1.</param>
    public static PairedComparison OfAccuracy(IReadOnlyList<bool> baseline, IReadOnlyList<bool> candidate, ulong seed = 1, int rounds = 2000)
    {
        if (baseline.Count != candidate.Count)
            throw new ArgumentException($"The baseline has {baseline.Count} samples and the candidate {candidate.Count}.", nameof(candidate));
        // One prediction and one truth a sample: F1 over them is the accuracy.
        return Of(baseline.Count, seed, rounds, (score, sample, other) =>
            score.Add(new SampleCounts((other ? candidate[sample] : baseline[sample]) ? 1 : 0, 1, 1)));
    }

    private delegate void Accumulate(Score score, int sample, bool fromCandidate);

    private static PairedComparison Of(int count, ulong seed, int rounds, Accumulate accumulate)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        if (count == 0)
            return new PairedComparison(0, 0, 0, 0, 1);
        var (first, second) = (new Score(), new Score());
        for (var i = 0; i < count; i++)
        {
            accumulate(first, i, false);
            accumulate(second, i, true);
        }

        var (baseline, candidate) = (first.F1, second.F1);
        var observed = Math.Abs(candidate - baseline);
        var random = new SeededRandom(seed);
        var asLarge = 0;
        var differences = new double[rounds];
        for (var r = 0; r < rounds; r++)
        {
            first.Clear();
            second.Clear();
            for (var i = 0; i < count; i++)
            {
                var swap = (random.NextBits() & 1) != 0;
                accumulate(first, i, swap);
                accumulate(second, i, !swap);
            }

            // Rounding must not decide whether an equal difference counts.
            asLarge += Math.Abs(second.F1 - first.F1) >= observed - 1e-12 ? 1 : 0;
            first.Clear();
            second.Clear();
            for (var i = 0; i < count; i++)
            {
                var drawn = random.Next(count);
                accumulate(first, drawn, false);
                accumulate(second, drawn, true);
            }

            differences[r] = second.F1 - first.F1;
        }

        Array.Sort(differences);
        return new PairedComparison(
            baseline,
            candidate,
            BootstrapInterval.Percentile(differences, 0.025),
            BootstrapInterval.Percentile(differences, 0.975),
            (asLarge + 1.0) / (rounds + 1.0));
    }

    private sealed class Score
    {
        private long _correct;
        private long _predicted;
        private long _gold;

        public double F1 => _predicted + _gold == 0 ? 0 : 2.0 * _correct / (_predicted + _gold);

        public void Add(SampleCounts counts)
        {
            _correct += counts.Correct;
            _predicted += counts.Predicted;
            _gold += counts.Gold;
        }

        public void Clear() => (_correct, _predicted, _gold) = (0, 0, 0);
    }
}
