namespace Streaming.Learning.FineTuning;

/// <summary>
/// InfoNCE between words and descriptions, given their scaled cosines. Words to descriptions: cross-entropy of each word's own among all. Descriptions
/// to words: cross-entropy of each word of the type among all words of the batch, a mean a type, so that frequent types do not drown the others.
/// </summary>
internal static class ContrastiveLoss
{
    /// <summary>No description is this word's.</summary>
    public const int None = -1;

    /// <summary>Loss and derivatives.</summary>
    /// <param name="logits">[units, anchors]; receives the derivatives.</param>
    /// <param name="own">Anchor of each unit, or <see cref="None"/>.</param>
    /// <param name="anchors">Number of anchors.</param>
    /// <param name="bidirectional">Whether both directions count.</param>
    /// <returns>Summed loss, and the number of units that have an anchor.</returns>
    public static StepLoss Derive(Span<float> logits, ReadOnlySpan<int> own, int anchors, bool bidirectional)
    {
        var scores = logits.ToArray();
        logits.Clear();
        double loss = 0;
        var owned = 0;
        for (var unit = 0; unit < own.Length; unit++)
        {
            if (own[unit] == None)
                continue;
            owned++;
            var row = scores.AsSpan(unit * anchors, anchors);
            var max = double.NegativeInfinity;
            foreach (var score in row)
                max = Math.Max(max, score);
            double sum = 0;
            foreach (var score in row)
                sum += Math.Exp(score - max);
            loss += max + Math.Log(sum) - row[own[unit]];
            for (var k = 0; k < anchors; k++)
                logits[(unit * anchors) + k] += (float)((Math.Exp(row[k] - max) / sum) - (k == own[unit] ? 1 : 0));
        }

        if (bidirectional)
        {
            var counts = new int[anchors];
            foreach (var anchor in own)
            {
                if (anchor != None)
                    counts[anchor]++;
            }

            // A type that is not in the batch has nothing to be matched to. Together the others weigh what the first direction does.
            var share = (double)owned / Math.Max(1, counts.Count(static count => count > 0));
            for (var anchor = 0; anchor < anchors; anchor++)
            {
                if (counts[anchor] > 0)
                    loss += Column(scores, logits, own, anchors, anchor, counts[anchor], share);
            }
        }

        return new StepLoss(loss, owned);
    }

    private static double Column(ReadOnlySpan<float> scores, Span<float> logits, ReadOnlySpan<int> own, int anchors, int anchor, int count, double share)
    {
        var (max, sum, positive) = (double.NegativeInfinity, 0.0, 0.0);
        for (var unit = 0; unit < own.Length; unit++)
            max = Math.Max(max, scores[(unit * anchors) + anchor]);
        for (var unit = 0; unit < own.Length; unit++)
        {
            var score = scores[(unit * anchors) + anchor];
            sum += Math.Exp(score - max);
            if (own[unit] == anchor)
                positive += score;
        }

        for (var unit = 0; unit < own.Length; unit++)
        {
            var probability = Math.Exp(scores[(unit * anchors) + anchor] - max) / sum;
            logits[(unit * anchors) + anchor] += (float)(share * (probability - (own[unit] == anchor ? 1.0 / count : 0)));
        }

        return share * (max + Math.Log(sum) - (positive / count));
    }
}
