using System.Numerics.Tensors;

namespace Streaming.Learning.Heads;

/// <summary>Multinomial logistic regression: minus the log probability of the labels a row may have, each row on its own.</summary>
internal sealed class SoftmaxObjective(TrainingRows rows, Standardizer standardizer) : IObjective
{
    private const int BlockRows = 32;

    private readonly HeadParameters _layout = new(rows.LabelCount, DenseKernels.Stride(standardizer.Dimensions), IsChain: false);

    public int ParameterCount => _layout.Count;

    public int PenalisedCount => _layout.Bias;

    public int UnitCount => rows.UnitCount;

    public double Evaluate(ReadOnlySpan<int> units, ReadOnlySpan<float> parameters, Span<float> gradient)
    {
        var (labels, stride) = (_layout.Labels, _layout.Stride);
        var capacity = Math.Max(BlockRows, rows.LongestUnit);
        var features = new float[capacity * stride];
        var scores = new float[capacity * labels];
        var allowed = new uint[capacity];
        double loss = 0;
        for (var u = 0; u < units.Length;)
        {
            var filled = 0;
            while (u < units.Length)
            {
                var (first, count) = rows.Unit(units[u]);
                if (filled > 0 && filled + count > BlockRows)
                    break;
                rows.Cache.Read(first, count, features.AsSpan(filled * stride), stride);
                for (var i = 0; i < count; i++)
                {
                    standardizer.Apply(features.AsSpan((filled + i) * stride, stride));
                    allowed[filled + i] = rows.Allowed(first + i);
                }

                filled += count;
                u++;
            }

            DenseKernels.Scores(features, filled, parameters[..(labels * stride)], parameters.Slice(_layout.Bias, labels), labels, stride, scores);
            for (var i = 0; i < filled; i++)
                loss += Derive(scores.AsSpan(i * labels, labels), allowed[i]);
            DenseKernels.AddOuter(features, filled, scores, labels, stride, gradient[..(labels * stride)]);
            var bias = gradient.Slice(_layout.Bias, labels);
            for (var i = 0; i < filled; i++)
                TensorPrimitives.Add(bias, scores.AsSpan(i * labels, labels), bias);
        }

        return loss;
    }

    /// <summary>Turns scores into derivatives; gives the loss.</summary>
    private static double Derive(Span<float> row, uint allowed)
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
}
