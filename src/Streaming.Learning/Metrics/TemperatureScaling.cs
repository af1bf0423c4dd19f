using System.Numerics.Tensors;

namespace Streaming.Learning.Metrics;

/// <summary>Finds the one number that logits are divided by so that probabilities mean what they say (Guo et al. 2017).</summary>
public static class TemperatureScaling
{
    /// <summary>The range that is searched; at its ends the data would like an even more extreme one.</summary>
    public const double MinTemperature = 0.01;

    /// <summary>See <see cref="MinTemperature"/>.</summary>
    public const double MaxTemperature = 100;

    /// <summary>The temperature that minimises log loss; 1 when there is no sample.</summary>
    /// <param name="logits">Row-major, samples × <paramref name="classCount"/>.</param>
    /// <param name="labels">Gold class of each sample.</param>
    /// <param name="classCount">Number of classes.</param>
    public static double Fit(ReadOnlySpan<double> logits, ReadOnlySpan<int> labels, int classCount)
    {
        if (labels.IsEmpty)
            return 1;
        // The loss is convex in the inverse temperature, so its derivative there has one sign change: bisect.
        var (low, high) = (1 / MaxTemperature, 1 / MinTemperature);
        if (Derivative(logits, labels, classCount, low) >= 0)
            return MaxTemperature;
        if (Derivative(logits, labels, classCount, high) <= 0)
            return MinTemperature;
        for (var i = 0; i < 200 && high - low > 1e-15 * high; i++)
        {
            var middle = (low + high) / 2;
            if (Derivative(logits, labels, classCount, middle) < 0)
                low = middle;
            else
                high = middle;
        }

        return 2 / (low + high);
    }

    /// <summary>Writes log probabilities of logits / temperature.</summary>
    internal static void LogSoftmax(ReadOnlySpan<double> logits, double temperature, Span<double> destination)
    {
        var max = TensorPrimitives.Max(logits);
        double sum = 0;
        for (var c = 0; c < logits.Length; c++)
        {
            destination[c] = (logits[c] - max) / temperature;
            sum += Math.Exp(destination[c]);
        }

        var normaliser = Math.Log(sum);
        for (var c = 0; c < logits.Length; c++)
            destination[c] -= normaliser;
    }

    private static double Derivative(ReadOnlySpan<double> logits, ReadOnlySpan<int> labels, int classCount, double inverse)
    {
        double total = 0;
        for (var i = 0; i < labels.Length; i++)
        {
            var row = logits.Slice(i * classCount, classCount);
            var max = TensorPrimitives.Max(row);
            double sum = 0, weighted = 0;
            foreach (var logit in row)
            {
                var e = Math.Exp((logit - max) * inverse);
                sum += e;
                weighted += e * logit;
            }

            total += (weighted / sum) - row[labels[i]];
        }

        return total;
    }
}
