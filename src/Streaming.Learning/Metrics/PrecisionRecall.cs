namespace Streaming.Learning.Metrics;

/// <summary>Precision, recall and F1, each 0–1; a division by zero counts as 0.</summary>
/// <param name="Precision">Right among predicted.</param>
/// <param name="Recall">Right among gold.</param>
/// <param name="F1">Harmonic mean of both.</param>
/// <param name="Support">Number of gold items.</param>
public sealed record PrecisionRecall(double Precision, double Recall, double F1, int Support)
{
    /// <summary>From counts: right, predicted, gold.</summary>
    public static PrecisionRecall FromCounts(int correct, int predicted, int gold)
    {
        var precision = predicted == 0 ? 0 : (double)correct / predicted;
        var recall = gold == 0 ? 0 : (double)correct / gold;
        return new PrecisionRecall(precision, recall, HarmonicMean(precision, recall), gold);
    }

    /// <summary>Unweighted mean over types; null when there is none.</summary>
    public static PrecisionRecall? Macro(IReadOnlyCollection<PrecisionRecall> types)
    {
        if (types.Count == 0)
            return null;
        return new PrecisionRecall(
            types.Average(t => t.Precision), types.Average(t => t.Recall), types.Average(t => t.F1), types.Sum(t => t.Support));
    }

    /// <summary>Mean over types weighted by their support; zeros when there is no gold item.</summary>
    public static PrecisionRecall Weighted(IReadOnlyCollection<PrecisionRecall> types)
    {
        var support = types.Sum(t => t.Support);
        if (support == 0)
            return new PrecisionRecall(0, 0, 0, 0);
        return new PrecisionRecall(
            types.Sum(t => t.Precision * t.Support) / support,
            types.Sum(t => t.Recall * t.Support) / support,
            types.Sum(t => t.F1 * t.Support) / support,
            support);
    }

    private static double HarmonicMean(double a, double b) => a + b == 0 ? 0 : 2 * a * b / (a + b);
}
