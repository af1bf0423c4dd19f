namespace Streaming.Learning.Metrics;

/// <summary>Scores of single-label classification over classes 0 … n−1.</summary>
public sealed record ClassificationReport
{
    /// <summary>Share of right predictions, 0–1.</summary>
    public required double Accuracy { get; init; }

    /// <summary>Counts, rows gold, columns predicted.</summary>
    public required int[][] Confusion { get; init; }

    /// <summary>Over all samples; equals <see cref="Accuracy"/> for single-label data.</summary>
    public required PrecisionRecall Micro { get; init; }

    /// <summary>Mean over all classes; a class that never occurs counts as 0.</summary>
    public required PrecisionRecall Macro { get; init; }

    /// <summary>Mean over classes weighted by support.</summary>
    public required PrecisionRecall Weighted { get; init; }

    /// <summary>Per class.</summary>
    public required IReadOnlyList<PrecisionRecall> Classes { get; init; }

    /// <summary>Matthews correlation coefficient, −1 to 1 (Gorodkin 2004 for several classes); 0 when undefined.</summary>
    public required double Matthews { get; init; }

    /// <summary>Cohen's kappa; null when undefined (gold and prediction are one and the same class throughout).</summary>
    public required double? Kappa { get; init; }

    /// <summary>Scores predictions.</summary>
    /// <param name="gold">Class of each sample.</param>
    /// <param name="predicted">Predicted class of each sample.</param>
    /// <param name="classCount">Number of classes.</param>
    public static ClassificationReport Of(IReadOnlyList<int> gold, IReadOnlyList<int> predicted, int classCount)
    {
        if (gold.Count != predicted.Count)
            throw new ArgumentException($"Gold has {gold.Count} samples and the prediction {predicted.Count}.", nameof(predicted));
        var confusion = new int[classCount][];
        for (var c = 0; c < classCount; c++)
            confusion[c] = new int[classCount];
        for (var i = 0; i < gold.Count; i++)
            confusion[gold[i]][predicted[i]]++;

        var goldCounts = new int[classCount];
        var predictedCounts = new int[classCount];
        var correct = 0;
        for (var g = 0; g < classCount; g++)
        {
            for (var p = 0; p < classCount; p++)
            {
                goldCounts[g] += confusion[g][p];
                predictedCounts[p] += confusion[g][p];
            }

            correct += confusion[g][g];
        }

        var classes = new PrecisionRecall[classCount];
        for (var c = 0; c < classCount; c++)
            classes[c] = PrecisionRecall.FromCounts(confusion[c][c], predictedCounts[c], goldCounts[c]);
        var accuracy = gold.Count == 0 ? 0 : (double)correct / gold.Count;
        return new ClassificationReport
        {
            Accuracy = accuracy,
            Confusion = confusion,
            Micro = PrecisionRecall.FromCounts(correct, gold.Count, gold.Count),
            Macro = PrecisionRecall.Macro(classes) ?? new PrecisionRecall(0, 0, 0, 0),
            Weighted = PrecisionRecall.Weighted(classes),
            Classes = classes,
            Matthews = MatthewsOf(goldCounts, predictedCounts, correct, gold.Count),
            Kappa = KappaOf(goldCounts, predictedCounts, accuracy, gold.Count),
        };
    }

    private static double MatthewsOf(int[] gold, int[] predicted, long correct, long total)
    {
        double cross = 0, goldSquares = 0, predictedSquares = 0;
        for (var c = 0; c < gold.Length; c++)
        {
            cross += (double)gold[c] * predicted[c];
            goldSquares += (double)gold[c] * gold[c];
            predictedSquares += (double)predicted[c] * predicted[c];
        }

        var square = (double)total * total;
        var denominator = Math.Sqrt((square - goldSquares) * (square - predictedSquares));
        return denominator == 0 ? 0 : (((double)correct * total) - cross) / denominator;
    }

    private static double? KappaOf(int[] gold, int[] predicted, double observed, long total)
    {
        if (total == 0)
            return null;
        double expected = 0;
        for (var c = 0; c < gold.Length; c++)
            expected += (double)gold[c] * predicted[c] / ((double)total * total);
        return expected >= 1 ? null : (observed - expected) / (1 - expected);
    }
}
