using System.Numerics.Tensors;

namespace Streaming.Learning.Heads;

/// <summary>Multinomial logistic regression: minus the log probability of the labels a row may have, each row on its own.</summary>
/// <param name="rows">Features and targets.</param>
/// <param name="standardizer">Of the features.</param>
/// <param name="part">Labels that share a softmax, for heads on categories; 0: all.</param>
internal sealed class SoftmaxObjective(TrainingRows rows, Standardizer standardizer, int part = 0) : IObjective
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
                loss += AllowedLoss.Derive(scores.AsSpan(i * labels, labels), allowed[i], part == 0 ? labels : part);
            DenseKernels.AddOuter(features, filled, scores, labels, stride, gradient[..(labels * stride)]);
            var bias = gradient.Slice(_layout.Bias, labels);
            for (var i = 0; i < filled; i++)
                TensorPrimitives.Add(bias, scores.AsSpan(i * labels, labels), bias);
        }

        return loss;
    }
}
