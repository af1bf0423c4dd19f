namespace Streaming.Learning.Metrics;

/// <summary>A bin of confidences.</summary>
/// <param name="Index">Which bin: confidences in (index/bins, (index+1)/bins]; 0 belongs to the first.</param>
/// <param name="Count">Samples in it.</param>
/// <param name="MeanConfidence">Their mean confidence.</param>
/// <param name="Accuracy">Their share of right predictions.</param>
public sealed record CalibrationBin(int Index, int Count, double MeanConfidence, double Accuracy);

/// <summary>How well confidences say how often the model is right (Guo et al. 2017).</summary>
/// <param name="ExpectedError">ECE: gap between confidence and accuracy, averaged over samples; 0–1, lower is better.</param>
/// <param name="MaximumError">MCE: the largest gap of a bin.</param>
/// <param name="Bins">Bins that have samples.</param>
public sealed record CalibrationReport(double ExpectedError, double MaximumError, IReadOnlyList<CalibrationBin> Bins)
{
    /// <summary>From confidences and whether each prediction was right.</summary>
    public static CalibrationReport Of(ReadOnlySpan<double> confidences, ReadOnlySpan<bool> correct, int bins = 15)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        if (confidences.Length != correct.Length)
            throw new ArgumentException("As many outcomes as confidences are needed.", nameof(correct));
        var counts = new int[bins];
        var confidenceSums = new double[bins];
        var correctCounts = new int[bins];
        for (var i = 0; i < confidences.Length; i++)
        {
            var bin = BinOf(confidences[i], bins);
            counts[bin]++;
            confidenceSums[bin] += confidences[i];
            correctCounts[bin] += correct[i] ? 1 : 0;
        }

        var filled = new List<CalibrationBin>();
        double expected = 0, maximum = 0;
        for (var b = 0; b < bins; b++)
        {
            if (counts[b] == 0)
                continue;
            var bin = new CalibrationBin(b, counts[b], confidenceSums[b] / counts[b], (double)correctCounts[b] / counts[b]);
            var gap = Math.Abs(bin.Accuracy - bin.MeanConfidence);
            expected += gap * counts[b] / confidences.Length;
            maximum = Math.Max(maximum, gap);
            filled.Add(bin);
        }

        return new CalibrationReport(expected, maximum, filled);
    }

    private static int BinOf(double confidence, int bins)
    {
        var bin = Math.Clamp((int)Math.Ceiling(confidence * bins) - 1, 0, bins - 1);
        // Edges are b/bins exactly as divided, so the product's rounding must not move a confidence across one.
        while (bin > 0 && confidence <= (double)bin / bins)
            bin--;
        while (bin < bins - 1 && confidence > (double)(bin + 1) / bins)
            bin++;
        return bin;
    }
}
