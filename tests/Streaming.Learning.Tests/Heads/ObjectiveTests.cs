using Streaming.Learning.Heads;

namespace Streaming.Learning.Tests.Heads;

public sealed class ObjectiveTests : IDisposable
{
    private const int Dimensions = 21;
    private static readonly string[] Tags = ["O", "B-X", "I-X"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streaming-learning-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public void Evaluate_Gradient_EqualsFiniteDifferences(bool chain, bool partial)
    {
        var (rows, standardizer, cache) = Sentences(6, partial);
        using var owned = cache;
        IObjective objective = chain ? new ChainObjective(rows, standardizer, Tags) : new SoftmaxObjective(rows, standardizer);
        var random = new SeededRandom(3);
        var parameters = objective is ChainObjective c ? c.Initial() : new float[objective.ParameterCount];
        for (var i = 0; i < parameters.Length; i++)
            parameters[i] += (float)(random.NextDouble() - 0.5) * (parameters[i] == 0 ? 1 : 0);
        int[] units = [0, 1, 2, 3, 4, 5];
        var gradient = new float[parameters.Length];
        objective.Evaluate(units, parameters, gradient);

        var checkedCount = 0;
        var scratch = new float[parameters.Length];
        for (var i = 0; i < parameters.Length; i++)
        {
            if (parameters[i] == ChainLoss.Forbidden)
            {
                Assert.Equal(0, gradient[i]);
                continue;
            }

            const float Step = 1e-2f;
            var before = parameters[i];
            parameters[i] = before + Step;
            var up = objective.Evaluate(units, parameters, scratch);
            parameters[i] = before - Step;
            var down = objective.Evaluate(units, parameters, scratch);
            parameters[i] = before;
            Assert.True(Math.Abs(((up - down) / (2 * Step)) - gradient[i]) < 2e-2, $"parameter {i}: {(up - down) / (2 * Step)} and {gradient[i]}");
            checkedCount++;
        }

        Assert.True(checkedCount >= Dimensions * 3, $"only {checkedCount} parameters");
    }

    [Fact]
    public void AllowedLoss_Parts_HaveASoftmaxEach()
    {
        float[] scores = [0.5f, -1, 2, 1, 0.25f, -0.5f];
        const uint Allowed = 0b110_001;
        var derivatives = scores.ToArray();
        var loss = AllowedLoss.Derive(derivatives, Allowed, 3);

        Assert.Equal(LossOf(scores), loss, 1e-6);
        for (var i = 0; i < scores.Length; i++)
        {
            var (up, down) = (scores.ToArray(), scores.ToArray());
            up[i] += 1e-2f;
            down[i] -= 1e-2f;
            Assert.Equal((LossOf(up) - LossOf(down)) / 2e-2, derivatives[i], 1e-4);
        }

        static double LossOf(float[] s)
        {
            double[] e = [.. s.Select(v => Math.Exp(v))];
            return -Math.Log(e[0] / (e[0] + e[1] + e[2])) - Math.Log((e[4] + e[5]) / (e[3] + e[4] + e[5]));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Minimize_SeparableTags_LearnsThemAndTwiceTheSameBytes(bool lbfgs)
    {
        var (rows, standardizer, cache) = Sentences(200, partial: false);
        using var owned = cache;
        var first = await Train(rows, standardizer, lbfgs);
        var second = await Train(rows, standardizer, lbfgs);
        Assert.True(first.AsSpan().SequenceEqual(second));

        var objective = new ChainObjective(rows, standardizer, Tags);
        var loss = objective.Evaluate(Enumerable.Range(0, 200).ToArray(), first, new float[first.Length]) / 200;
        Assert.True(loss < 0.6, $"mean loss {loss}");
    }

    [Fact]
    public async Task MinimizeAsync_Lbfgs_ReachesTheMinimumOfALogisticRegression()
    {
        var (rows, standardizer, cache) = Sentences(50, partial: false);
        using var owned = cache;
        var objective = new SoftmaxObjective(rows, standardizer);
        var parameters = new float[objective.ParameterCount];
        const double L2 = 0.1;
        await new LbfgsOptimizer { MaxIterations = 500, L2 = L2, RelativeTolerance = 0, GradientTolerance = 1e-5 }.MinimizeAsync(objective, parameters, null, CancellationToken.None);
        var gradient = new float[parameters.Length];
        await new LaneEvaluator(objective, L2).EvaluateAsync(Enumerable.Range(0, 50).ToArray(), parameters, gradient, CancellationToken.None);
        // The problem is strictly convex in its weights: a gradient of nothing is the minimum.
        Assert.True(gradient.Max(MathF.Abs) < 1e-4, $"{gradient.Max(MathF.Abs)}");
    }

    [Fact]
    public void Fold_TrainedWeights_GiveTheSameScoresOnRawFeatures()
    {
        var (_, standardizer, cache) = Sentences(20, partial: false);
        using var owned = cache;
        var random = new SeededRandom(9);
        var stride = DenseKernels.Stride(Dimensions);
        var weights = new float[2 * stride];
        for (var i = 0; i < weights.Length; i++)
            weights[i] = i % stride < Dimensions ? (float)(random.NextDouble() - 0.5) : 0;
        float[] bias = [0.3f, -0.2f];
        var (folded, foldedBias) = standardizer.Fold(weights, bias, stride);

        var raw = new float[stride];
        cache.Read(4, 1, raw, stride);
        var scaled = raw.ToArray();
        standardizer.Apply(scaled);
        for (var k = 0; k < 2; k++)
        {
            double expected = bias[k], actual = foldedBias[k];
            for (var i = 0; i < Dimensions; i++)
            {
                expected += weights[(k * stride) + i] * scaled[i];
                actual += folded[(k * Dimensions) + i] * raw[i];
            }

            Assert.Equal(expected, actual, 1e-4);
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 3)]
    [InlineData(7, 10)]
    public void Scores_AnyShape_EqualPlainLoops(int rowCount, int labels)
    {
        var random = new SeededRandom(1);
        var stride = DenseKernels.Stride(Dimensions);
        var rows = Values(random, rowCount * stride);
        var weights = Values(random, labels * stride);
        var bias = Values(random, labels);
        var scores = new float[rowCount * labels];
        DenseKernels.Scores(rows, rowCount, weights, bias, labels, stride, scores);
        var gradient = new float[labels * stride];
        DenseKernels.AddOuter(rows, rowCount, scores, labels, stride, gradient);
        for (var k = 0; k < labels; k++)
        {
            for (var t = 0; t < rowCount; t++)
            {
                double expected = bias[k];
                for (var i = 0; i < stride; i++)
                    expected += (double)rows[(t * stride) + i] * weights[(k * stride) + i];
                Assert.Equal(expected, scores[(t * labels) + k], 1e-4);
            }

            for (var i = 0; i < stride; i++)
            {
                double expected = 0;
                for (var t = 0; t < rowCount; t++)
                    expected += (double)scores[(t * labels) + k] * rows[(t * stride) + i];
                Assert.Equal(expected, gradient[(k * stride) + i], 1e-4);
            }
        }
    }

    [Fact]
    public void Read_WhatWasAppended_ComesBackToBFloat16Precision()
    {
        using var cache = NewCache(40);
        var random = new SeededRandom(5);
        var written = Values(random, 40 * Dimensions);
        for (var r = 39; r >= 0; r--)
            cache.Write(r, written.AsSpan(r * Dimensions, Dimensions));
        cache.Seal();
        var stride = DenseKernels.Stride(Dimensions);
        var read = new float[10 * stride];
        cache.Read(7, 10, read, stride);
        for (var i = 0; i < 10 * Dimensions; i++)
        {
            var expected = written[(7 * Dimensions) + i];
            Assert.True(Math.Abs(expected - read[(i / Dimensions * stride) + (i % Dimensions)]) <= Math.Abs(expected) / 256, $"value {i}");
        }
    }

    private static float[] Values(SeededRandom random, int count)
    {
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = (float)((random.NextDouble() * 2) - 1);
        return values;
    }

    private static async Task<float[]> Train(TrainingRows rows, Standardizer standardizer, bool lbfgs)
    {
        var objective = new ChainObjective(rows, standardizer, Tags);
        var parameters = objective.Initial();
        if (lbfgs)
            await new LbfgsOptimizer { MaxIterations = 60, L2 = 1e-3 }.MinimizeAsync(objective, parameters, null, CancellationToken.None);
        else
            await new AdamOptimizer { Epochs = 20, BatchSize = 16, LearningRate = 0.02, L2 = 1e-3, Seed = 11 }.MinimizeAsync(objective, parameters, null, CancellationToken.None);
        return parameters;
    }

    private FeatureCache NewCache(int rows) => new(Path.Combine(_folder.FullName, $"{Guid.NewGuid():n}.bf16"), Dimensions, rows);

    /// <summary>Spans of one or two words; two columns tell the tag, the others are noise.</summary>
    private (TrainingRows Rows, Standardizer Standardizer, FeatureCache Cache) Sentences(int count, bool partial)
    {
        var random = new SeededRandom(42);
        var values = new List<float>();
        var units = new List<uint[]>();
        for (var s = 0; s < count; s++)
        {
            var length = 3 + random.Next(6);
            var labels = new int[length];
            for (var t = 0; t < length; t++)
                labels[t] = t > 0 && labels[t - 1] == 1 && random.Next(2) == 0 ? 2 : random.Next(3) == 0 ? 1 : 0;
            var allowed = new uint[length];
            for (var t = 0; t < length; t++)
            {
                var row = Values(random, Dimensions);
                row[0] += labels[t] == 1 ? 3 : 0;
                row[1] += labels[t] == 2 ? 3 : 0;
                values.AddRange(row);
                allowed[t] = partial && labels[t] == 0 ? 0b111u : 1u << labels[t];
            }

            units.Add(allowed);
        }

        var cache = NewCache(values.Count / Dimensions);
        cache.Write(0, values.ToArray());
        cache.Seal();
        var rows = new TrainingRows(cache, Tags.Length);
        foreach (var allowed in units)
            rows.AddUnit(allowed);
        return (rows, new Standardizer(cache, Dimensions - 1), cache);
    }
}
