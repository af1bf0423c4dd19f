using Streaming.Learning.Heads;
using Streaming.Text.Sequences;

namespace Streaming.Learning.Training;

/// <summary>Finds the temperature of a CRF: all of its scores, divided by one number, such that held-out tags are most probable.</summary>
internal sealed class ChainCalibration((float[] Start, float[] Transitions, float[] End) chain)
{
    private const double Lowest = 0.2;
    private const double Highest = 5;

    private readonly List<(double[] Emissions, uint[] Allowed)> _units = [];

    /// <summary>Adds a sentence: its logits and the outputs each word may have.</summary>
    public void Add(ReadOnlySpan<float> logits, ReadOnlySpan<uint> allowed)
    {
        var emissions = new double[logits.Length];
        for (var i = 0; i < emissions.Length; i++)
            emissions[i] = logits[i];
        _units.Add((emissions, allowed.ToArray()));
    }

    /// <summary>The best temperature between 0.2 and 5; 1 without sentences.</summary>
    public double Fit(CancellationToken cancellationToken)
    {
        if (_units.Count == 0)
            return 1;
        // The loss is convex in the inverse temperature: golden-section search.
        var ratio = (Math.Sqrt(5) - 1) / 2;
        var (low, high) = (1 / Highest, 1 / Lowest);
        var (a, b) = (high - (ratio * (high - low)), low + (ratio * (high - low)));
        var (lossA, lossB) = (Loss(a, cancellationToken), Loss(b, cancellationToken));
        for (var i = 0; i < 22; i++)
        {
            if (lossA < lossB)
            {
                (high, b, lossB) = (b, a, lossA);
                a = high - (ratio * (high - low));
                lossA = Loss(a, cancellationToken);
            }
            else
            {
                (low, a, lossA) = (a, b, lossB);
                b = low + (ratio * (high - low));
                lossB = Loss(b, cancellationToken);
            }
        }

        return 2 / (low + high);
    }

    private double Loss(double inverse, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var labels = chain.Start.Length;
        var crf = new LinearChainCrf(Scale(chain.Start, inverse), Scale(chain.Transitions, inverse), Scale(chain.End, inverse));
        double loss = 0;
        foreach (var (emissions, allowed) in _units)
        {
            var scaled = new double[emissions.Length];
            var held = new double[emissions.Length];
            for (var i = 0; i < scaled.Length; i++)
            {
                scaled[i] = emissions[i] * inverse;
                held[i] = (allowed[i / labels] >> (i % labels) & 1) != 0 ? scaled[i] : ChainLoss.Forbidden;
            }

            loss += crf.LogPartition(scaled) - crf.LogPartition(held);
        }

        return loss;
    }

    private static double[] Scale(float[] scores, double inverse) => Array.ConvertAll(scores, s => s * inverse);
}
