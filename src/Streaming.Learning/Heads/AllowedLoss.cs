using System.Numerics.Tensors;

namespace Streaming.Learning.Heads;

/// <summary>Minus the log probability, by a softmax, of the labels that something may have.</summary>
internal static class AllowedLoss
{
    /// <summary>Loss of one row, whose scores become its derivatives.</summary>
    /// <param name="row">Scores; receives derivatives.</param>
    /// <param name="allowed">Labels it may have, as bits; at least one.</param>
    public static double Derive(Span<float> row, uint allowed)
    {
        var max = TensorPrimitives.Max<float>(row);
        double sum = 0, right = 0;
        for (var k = 0; k < row.Length; k++)
        {
            row[k] = MathF.Exp(row[k] - max);
            sum += row[k];
            if ((allowed >> k & 1) != 0)
                right += row[k];
        }

        // Only rounding can make this nothing; the loss then counts as if it were the smallest single.
        right = Math.Max(right, float.Epsilon);
        for (var k = 0; k < row.Length; k++)
            row[k] = (float)((row[k] / sum) - ((allowed >> k & 1) != 0 ? row[k] / right : 0));
        return Math.Log(sum) - Math.Log(right);
    }

    /// <summary>The same where the row falls into parts of equal length, each with a softmax of its own.</summary>
    /// <param name="row">Scores; receives derivatives.</param>
    /// <param name="allowed">Labels it may have, as bits; at least one a part.</param>
    /// <param name="part">Labels of a part.</param>
    public static double Derive(Span<float> row, uint allowed, int part)
    {
        double loss = 0;
        for (var first = 0; first < row.Length; first += part)
            loss += Derive(row.Slice(first, part), allowed >> first);
        return loss;
    }
}
