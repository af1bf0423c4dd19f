namespace Streaming.Learning.Heads;

/// <summary>Adam (Kingma, Ba 2015) over shuffled mini-batches; averages nothing, stops when it is told.</summary>
public sealed record AdamOptimizer
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.999;
    private const double Epsilon = 1e-8;

    /// <summary>Passes over the data.</summary>
    public required int Epochs { get; init; }

    /// <summary>Units a step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Rate of the first step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Weight of the squared norm.</summary>
    public required double L2 { get; init; }

    /// <summary>Seed of the shuffles.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Units of an epoch (from 0), at least one in one of them; null: all of them in each.</summary>
    public Func<int, IReadOnlyList<int>>? UnitsOf { get; init; }

    /// <summary>What the rate is multiplied by after each epoch; null: it falls linearly to nothing, which needs all units in each epoch.</summary>
    public double? RateDecay { get; init; }

    /// <summary>Minimises in place.</summary>
    /// <param name="objective">What to minimise.</param>
    /// <param name="parameters">Starting point, then the result.</param>
    /// <param name="progress">Told each epoch's number (from 1) and mean loss.</param>
    /// <param name="cancellationToken">Observed at every step.</param>
    public async ValueTask MinimizeAsync(IObjective objective, float[] parameters, Action<int, double>? progress, CancellationToken cancellationToken)
    {
        var evaluator = new LaneEvaluator(objective, L2);
        var random = new SeededRandom(Seed);
        var order = Enumerable.Range(0, objective.UnitCount).ToArray();
        var gradient = new float[parameters.Length];
        var first = new float[parameters.Length];
        var second = new float[parameters.Length];
        var steps = (long)Epochs * ((order.Length + BatchSize - 1) / BatchSize);
        long step = 0;
        for (var epoch = 1; epoch <= Epochs; epoch++)
        {
            if (UnitsOf is not null)
                order = [.. UnitsOf(epoch - 1)];
            random.Shuffle(order.AsSpan());
            double loss = 0;
            for (var start = 0; start < order.Length; start += BatchSize)
            {
                var batch = order.AsMemory(start, Math.Min(BatchSize, order.Length - start));
                loss += batch.Length * await evaluator.EvaluateAsync(batch, parameters, gradient, cancellationToken).ConfigureAwait(false);
                step++;
                var rate = LearningRate * (RateDecay is { } decay ? Math.Pow(decay, epoch - 1) : 1 - ((step - 1) / (double)steps));
                Step(parameters, gradient, first, second, rate, step);
            }

            progress?.Invoke(epoch, loss / Math.Max(1, order.Length));
        }
    }

    private static void Step(Span<float> parameters, ReadOnlySpan<float> gradient, Span<float> first, Span<float> second, double rate, long step)
    {
        var scale = (float)(rate * Math.Sqrt(1 - Math.Pow(Beta2, step)) / (1 - Math.Pow(Beta1, step)));
        for (var i = 0; i < parameters.Length; i++)
        {
            var g = gradient[i];
            first[i] = (float)((Beta1 * first[i]) + ((1 - Beta1) * g));
            second[i] = (float)((Beta2 * second[i]) + ((1 - Beta2) * g * g));
            parameters[i] -= scale * first[i] / (MathF.Sqrt(second[i]) + (float)Epsilon);
        }
    }
}
