using System.Numerics.Tensors;

namespace Streaming.Learning.Heads;

/// <summary>
/// Brings hidden-state columns to mean 0 and deviation 1 while training; afterwards the scaling is folded into the weights, so that
/// serving multiplies raw features. Indicator columns (word shape) stay as they are: scaling rare ones up would let them dominate.
/// </summary>
public sealed class Standardizer
{
    private readonly float[] _means;
    private readonly float[] _scales;

    /// <summary>From a cache's own columns.</summary>
    /// <param name="cache">The training features.</param>
    /// <param name="dense">Columns from 0 to this are hidden states; the others indicators.</param>
    public Standardizer(FeatureCache cache, int dense)
    {
        _means = new float[cache.Dimensions];
        _scales = new float[cache.Dimensions];
        Array.Fill(_scales, 1);
        for (var i = 0; i < Math.Min(dense, cache.Dimensions); i++)
        {
            var (mean, deviation) = cache.Column(i);
            _means[i] = (float)mean;
            _scales[i] = deviation > 1e-6 ? (float)(1 / deviation) : 0;
        }
    }

    /// <summary>Width of a row.</summary>
    public int Dimensions => _means.Length;

    /// <summary>Standardises one row in place.</summary>
    public void Apply(Span<float> row)
    {
        row = row[.._means.Length];
        TensorPrimitives.Subtract(row, _means, row);
        TensorPrimitives.Multiply(row, _scales, row);
    }

    /// <summary>Weights and biases that give the same scores on raw features.</summary>
    /// <param name="weights">Trained weights, one row of <paramref name="stride"/> values a label.</param>
    /// <param name="bias">Trained biases.</param>
    /// <param name="stride">At least <see cref="Dimensions"/>.</param>
    public (float[] Weights, float[] Bias) Fold(ReadOnlySpan<float> weights, ReadOnlySpan<float> bias, int stride)
    {
        var folded = new float[bias.Length * Dimensions];
        var foldedBias = new float[bias.Length];
        for (var k = 0; k < bias.Length; k++)
        {
            double shift = bias[k];
            for (var i = 0; i < Dimensions; i++)
            {
                var weight = weights[(k * stride) + i] * _scales[i];
                folded[(k * Dimensions) + i] = weight;
                shift -= (double)weight * _means[i];
            }

            foldedBias[k] = (float)shift;
        }

        return (folded, foldedBias);
    }

    /// <summary>The other way round: parameters in the standardised space that give the same scores as weights on raw features.</summary>
    /// <param name="weights">[labels, <see cref="Dimensions"/>].</param>
    /// <param name="bias">[labels].</param>
    /// <param name="parameters">Receives weights of <paramref name="stride"/> values a label, then the biases.</param>
    /// <param name="stride">At least <see cref="Dimensions"/>.</param>
    public void Unfold(ReadOnlySpan<float> weights, ReadOnlySpan<float> bias, Span<float> parameters, int stride)
    {
        for (var k = 0; k < bias.Length; k++)
        {
            double shift = bias[k];
            for (var i = 0; i < Dimensions; i++)
            {
                var weight = weights[(k * Dimensions) + i];
                parameters[(k * stride) + i] = _scales[i] == 0 ? 0 : weight / _scales[i];
                shift += (double)weight * _means[i];
            }

            parameters[(bias.Length * stride) + k] = (float)shift;
        }
    }
}
