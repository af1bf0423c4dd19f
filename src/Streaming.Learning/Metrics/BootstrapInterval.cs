namespace Streaming.Learning.Metrics;

/// <summary>A percentile bootstrap confidence interval.</summary>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
/// <param name="Level">Its coverage, e.g. 0.95.</param>
public sealed record BootstrapInterval(double Low, double High, double Level)
{
    /// <summary>Interval of the micro F1: sentences are drawn with replacement.</summary>
    /// <param name="samples">Counts of each sentence.</param>
    /// <param name="seed">Same seed, same interval.</param>
    /// <param name="resamples">How often; at least 1.</param>
    /// <param name="level">Coverage, between 0 and 1.</param>
    public static BootstrapInterval OfMicroF1(IReadOnlyList<SampleCounts> samples, ulong seed, int resamples = 1000, double level = 0.95)
    {
        return Of(samples.Count, seed, resamples, level, draw =>
        {
            var (correct, predicted, gold) = (0, 0, 0);
            foreach (var i in draw)
            {
                correct += samples[i].Correct;
                predicted += samples[i].Predicted;
                gold += samples[i].Gold;
            }

            return predicted + gold == 0 ? 0 : 2.0 * correct / (predicted + gold);
        });
    }

    /// <summary>Interval of any statistic of <paramref name="count"/> samples, given the indices of a draw.</summary>
    public static BootstrapInterval Of(int count, ulong seed, int resamples, double level, Func<int[], double> statistic)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 1);
        if (level is <= 0 or >= 1)
            throw new ArgumentOutOfRangeException(nameof(level), level, "Must lie between 0 and 1.");
        if (count == 0)
            return new BootstrapInterval(0, 0, level);
        var random = new SeededRandom(seed);
        var draw = new int[count];
        var values = new double[resamples];
        for (var r = 0; r < resamples; r++)
        {
            for (var i = 0; i < count; i++)
                draw[i] = random.Next(count);
            values[r] = statistic(draw);
        }

        Array.Sort(values);
        var tail = (1 - level) / 2;
        return new BootstrapInterval(Percentile(values, tail), Percentile(values, 1 - tail), level);
    }

    internal static double Percentile(double[] sorted, double share)
    {
        var place = share * (sorted.Length - 1);
        var below = (int)place;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((place - below) * (sorted[above] - sorted[below]));
    }
}
