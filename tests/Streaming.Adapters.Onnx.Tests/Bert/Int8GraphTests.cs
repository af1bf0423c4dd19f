using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Import;
using Streaming.Adapters.Onnx.Running;
using Streaming.Core.Models;

namespace Streaming.Adapters.Onnx.Tests.Bert;

public sealed class Int8GraphTests
{
    [Fact]
    public async Task Run_AloneAndPaddedAmongOthers_GivesTheSameBits()
    {
        await using var runner = Open(new BertGraphOptions { Precision = EncoderPrecision.Int8, Layers = [0, 1, 2] });
        var sequences = Enumerable.Range(0, 12).Select(i => TinyBert.Sequence(i, 1 + (i * 3))).ToArray();
        using var together = await runner.RunAsync([.. sequences.Select(static ids => new TokenSequence(ids))], default);

        for (var row = 0; row < sequences.Length; row++)
        {
            using var alone = await runner.RunAsync([new TokenSequence(sequences[row])], default);
            for (var layer = 0; layer < 3; layer++)
                Assert.Equal(alone.Hidden(layer, 0).ToArray(), together.Hidden(layer, row).ToArray());
        }
    }

    [Theory]
    [InlineData(8, 0.995)]
    [InlineData(7, 0.98)]
    public async Task Run_BesideFp32_PointsTheSameWay(int weightBits, double least)
    {
        var bert = new TinyBert();
        await using var runner = Open(new BertGraphOptions { Precision = EncoderPrecision.Int8, Layers = [0, 1, 2], WeightBits = weightBits });
        for (var seed = 100; seed < 110; seed++)
        {
            var ids = TinyBert.Sequence(seed, 20);
            using var output = await runner.RunAsync([new TokenSequence(ids)], default);
            var expected = bert.Forward(ids)[^1].SelectMany(static row => row).ToArray();
            Assert.InRange(Cosine(expected, output.Hidden(2, 0)), least, 1.000001);
        }
    }

    [Fact]
    public async Task Run_Dynamic_IsCloseToFp32()
    {
        var bert = new TinyBert();
        await using var runner = Open(new BertGraphOptions { Precision = EncoderPrecision.Int8Dynamic, Layers = [0, 1, 2] });
        var ids = TinyBert.Sequence(5, 20);

        using var output = await runner.RunAsync([new TokenSequence(ids)], default);

        Assert.InRange(Cosine(bert.Forward(ids)[^1].SelectMany(static row => row).ToArray(), output.Hidden(2, 0)), 0.98, 1.000001);
    }

    [Fact]
    public void Write_WithoutRanges_IsABug() =>
        Assert.Throws<InvalidOperationException>(() => BertGraph.Write(new TinyBert().Checkpoint(), new BertGraphOptions { Precision = EncoderPrecision.Int8 }));

    [Fact]
    public void Absorb_SmoothingAndShift_KeepTheProduct()
    {
        var dense = new Dense(3, 2, [1, 2, 3, 4, 5, 6], [0.5f, -0.5f]);
        float[] input = [0.3f, -1.2f, 2f], smoothing = [2f, 0.5f, 4f], shift = [1f, 2f, 3f];

        var absorbed = dense.AbsorbShift(shift).AbsorbInput(smoothing);

        var smoothed = input.Select((x, i) => (x - shift[i]) / smoothing[i]).ToArray();
        Assert.Equal(Product(dense, input), Product(absorbed, smoothed), (a, b) => Math.Abs(a - b) < 1e-4);
    }

    internal static ActivationRanges Ranges(TinyBert bert) => ActivationCalibrator.Measure(
        bert.Checkpoint(), [.. Enumerable.Range(500, 60).Select(static seed => TinyBert.Sequence(seed, 5 + (seed % 30)))], null, default);

    private static OnnxModelRunner Open(BertGraphOptions options)
    {
        var bert = new TinyBert();
        var graph = BertGraph.Write(bert.Checkpoint(), options with { Ranges = Ranges(bert) });
        return OnnxModelRunner.Open(graph, TinyBert.Manifest(EncoderImporter.PrecisionName(options.Precision)));
    }

    private static double Cosine(double[] expected, ReadOnlySpan<float> actual)
    {
        double dot = 0, left = 0, right = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            dot += expected[i] * actual[i];
            left += expected[i] * expected[i];
            right += (double)actual[i] * actual[i];
        }
        return dot / Math.Sqrt(left * right);
    }

    private static float[] Product(Dense dense, float[] input)
    {
        var result = (float[])dense.Bias.Clone();
        for (var i = 0; i < dense.Inputs; i++)
        {
            for (var o = 0; o < dense.Outputs; o++)
                result[o] += input[i] * dense.Weight[(i * dense.Outputs) + o];
        }
        return result;
    }
}
