namespace Streaming.Learning.Metrics;

/// <summary>Scores of multi-label classification.</summary>
public sealed record MultiLabelReport
{
    /// <summary>Share of samples whose label set is exactly right.</summary>
    public required double SubsetAccuracy { get; init; }

    /// <summary>Share of wrong label decisions.</summary>
    public required double HammingLoss { get; init; }

    /// <summary>Over all label decisions.</summary>
    public required PrecisionRecall Micro { get; init; }

    /// <summary>Mean over labels.</summary>
    public required PrecisionRecall Macro { get; init; }

    /// <summary>Mean over labels weighted by support.</summary>
    public required PrecisionRecall Weighted { get; init; }

    /// <summary>Mean over samples.</summary>
    public required PrecisionRecall Samples { get; init; }

    /// <summary>Scores indicator matrices: one row a sample, one column a label.</summary>
    public static MultiLabelReport Of(IReadOnlyList<IReadOnlyList<bool>> gold, IReadOnlyList<IReadOnlyList<bool>> predicted, int labelCount)
    {
        if (gold.Count != predicted.Count)
            throw new ArgumentException($"Gold has {gold.Count} samples and the prediction {predicted.Count}.", nameof(predicted));
        var correct = new int[labelCount];
        var predictedCounts = new int[labelCount];
        var goldCounts = new int[labelCount];
        var perSample = new List<PrecisionRecall>(gold.Count);
        var (exact, wrong) = (0, 0);
        for (var i = 0; i < gold.Count; i++)
        {
            var (right, guessed, truth, errors) = (0, 0, 0, 0);
            for (var c = 0; c < labelCount; c++)
            {
                var (g, p) = (gold[i][c], predicted[i][c]);
                if (g)
                {
                    goldCounts[c]++;
                    truth++;
                }

                if (p)
                {
                    predictedCounts[c]++;
                    guessed++;
                }

                if (g && p)
                {
                    correct[c]++;
                    right++;
                }

                if (g != p)
                    errors++;
            }

            wrong += errors;
            exact += errors == 0 ? 1 : 0;
            perSample.Add(PrecisionRecall.FromCounts(right, guessed, truth));
        }

        var labels = Enumerable.Range(0, labelCount)
            .Select(c => PrecisionRecall.FromCounts(correct[c], predictedCounts[c], goldCounts[c])).ToList();
        return new MultiLabelReport
        {
            SubsetAccuracy = gold.Count == 0 ? 0 : (double)exact / gold.Count,
            HammingLoss = gold.Count * labelCount == 0 ? 0 : (double)wrong / ((double)gold.Count * labelCount),
            Micro = PrecisionRecall.FromCounts(correct.Sum(), predictedCounts.Sum(), goldCounts.Sum()),
            Macro = PrecisionRecall.Macro(labels) ?? new PrecisionRecall(0, 0, 0, 0),
            Weighted = PrecisionRecall.Weighted(labels),
            Samples = PrecisionRecall.Macro(perSample) ?? new PrecisionRecall(0, 0, 0, 0),
        };
    }
}
