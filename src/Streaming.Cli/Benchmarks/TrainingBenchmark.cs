using Streaming.Learning;
using Streaming.Learning.FineTuning;

namespace Streaming.Cli.Benchmarks;

/// <summary>Fine-tuning steps of one shape, on ids drawn by chance.</summary>
internal static class TrainingBenchmark
{
    private const int Labels = 9;

    /// <summary>Measures a backend.</summary>
    /// <param name="backend">What differentiates.</param>
    /// <param name="options">The model; its heads are replaced by one token head.</param>
    /// <param name="tokens">Tokens a step.</param>
    /// <param name="length">Tokens a row.</param>
    /// <param name="mixed">Whether rows are of another length at each step, 8 to <paramref name="length"/>.</param>
    /// <param name="steps">Measured steps, after two that are not.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellationToken">Observed between steps.</param>
    public static TrainingBenchmarkResult Run(ITrainingBackend backend, TrainableModelOptions options, int hidden, int layers, int vocabulary, int tokens, int length, bool mixed, int steps, TimeProvider time, CancellationToken cancellationToken)
    {
        var random = new SeededRandom(1);
        var head = new TrainableHead
        {
            Name = "tags",
            Kind = TrainableHeadKind.Token,
            Labels = Labels,
            Layers = [layers],
            Weight = Drawn(random, Labels * hidden),
            Bias = new float[Labels],
        };
        using var model = backend.Create(options with { Heads = [head] });
        var batch = Batch(random, tokens, length, vocabulary);
        var (passes, updates) = (new double[steps], new double[steps]);
        var cpu = TimeSpan.Zero;
        for (var step = -2; step < steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (mixed)
                batch = Batch(random, tokens, 8 + random.Next(length - 7), vocabulary);
            if (step == 0)
                cpu = Environment.CpuUsage.TotalTime;
            var start = time.GetTimestamp();
            model.Accumulate(batch);
            var between = time.GetTimestamp();
            model.Update(1e-5);
            if (step < 0)
                continue;
            passes[step] = time.GetElapsedTime(start, between).TotalSeconds;
            updates[step] = time.GetElapsedTime(between).TotalSeconds;
        }
        return new TrainingBenchmarkResult(model.Info, batch.Ids.Length, length, passes.Order().ElementAt(steps / 2), passes.Min(), updates.Order().ElementAt(steps / 2), (Environment.CpuUsage.TotalTime - cpu).TotalSeconds / steps);
    }

    private static TrainingBatch Batch(SeededRandom random, int tokens, int length, int vocabulary)
    {
        var rows = Math.Max(1, tokens / length);
        var places = rows * length;
        var batch = new TrainingBatch
        {
            Head = 0,
            Rows = rows,
            Length = length,
            Ids = new int[places],
            Lengths = new int[rows],
            Units = [.. Enumerable.Range(0, places)],
            Targets = new float[places * Labels],
            Weights = new float[places],
        };
        Array.Fill(batch.Lengths, length);
        Array.Fill(batch.Weights, 1f);
        for (var place = 0; place < places; place++)
        {
            batch.Ids[place] = random.Next(vocabulary);
            batch.Targets[(place * Labels) + random.Next(Labels)] = 1;
        }
        return batch;
    }

    private static float[] Drawn(SeededRandom random, int count)
    {
        var values = new float[count];
        foreach (ref var value in values.AsSpan())
            value = (float)((random.NextDouble() - 0.5) * 0.04);
        return values;
    }
}

/// <summary>What a step costs.</summary>
/// <param name="Model">What was measured.</param>
/// <param name="Tokens">Tokens a step.</param>
/// <param name="Length">Tokens a row.</param>
/// <param name="PassSeconds">Forward and backward, median.</param>
/// <param name="BestPassSeconds">Forward and backward, fastest.</param>
/// <param name="UpdateSeconds">Optimiser, median.</param>
/// <param name="CpuSeconds">Processor time of a whole step, mean; says more than the clock on a busy machine.</param>
internal sealed record TrainingBenchmarkResult(TrainableModelInfo Model, int Tokens, int Length, double PassSeconds, double BestPassSeconds, double UpdateSeconds, double CpuSeconds)
{
    public double TokensPerSecond => Tokens / (PassSeconds + UpdateSeconds);
}
