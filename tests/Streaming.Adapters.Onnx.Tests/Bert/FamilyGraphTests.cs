using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Import;
using Streaming.Adapters.Onnx.Running;
using Streaming.Core.Models;

namespace Streaming.Adapters.Onnx.Tests.Bert;

/// <summary>Each family's graph against the plain double-precision forward pass of the fixture.</summary>
public sealed class FamilyGraphTests
{
    /// <summary>Family, prefix of its checkpoints, old names of norms, shared projections of distances.</summary>
    public static TheoryData<string, string, bool, bool> Families => new()
    {
        { "bert", "bert.", false, true },
        { "distilbert", "", false, true },
        { "distilbert", "distilbert.", false, true },
        { "roberta", "roberta.", false, true },
        { "roberta", "", false, true },
        { "xlm-roberta", "roberta.", false, true },
        { "electra", "electra.", false, true },
        { "electra", "", true, true },
        { "deberta-v2", "deberta.", false, true },
        { "deberta-v2", "", false, false },
    };

    [Theory]
    [MemberData(nameof(Families))]
    public async Task Write_Fp32_EqualsPlainForwardPass(string family, string prefix, bool oldNames, bool shares)
    {
        var tiny = new TinyEncoder(family, prefix, oldNames, sharesProjections: shares);

        var largest = await LargestDifference(tiny, EncoderPrecision.Fp32);

        Assert.InRange(largest, 0, 1e-4);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task Write_Fp16_StaysNearPlainForwardPass(string family, string prefix, bool oldNames, bool shares)
    {
        var tiny = new TinyEncoder(family, prefix, oldNames, sharesProjections: shares);

        var largest = await LargestDifference(tiny, EncoderPrecision.Fp16);

        Assert.InRange(largest, 0, 0.05);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task Write_Int8_StaysNearAndDoesNotDependOnTheBatch(string family, string prefix, bool oldNames, bool shares)
    {
        var tiny = new TinyEncoder(family, prefix, oldNames, sharesProjections: shares);
        var checkpoint = tiny.Checkpoint();
        var texts = Enumerable.Range(10, 60).Select(static seed => TinyEncoder.Sequence(seed, 5 + (seed % 30))).ToList();
        var ranges = ActivationCalibrator.Measure(checkpoint, texts, null, default);
        var graph = BertGraph.Write(checkpoint, new BertGraphOptions { Precision = EncoderPrecision.Int8, Layers = [0, 1, 2], Ranges = ranges });
        await using var runner = OnnxModelRunner.Open(graph, tiny.ManifestOf("int8"), new OnnxRunnerOptions { Device = "cpu" });
        var ids = TinyEncoder.Sequence(1, 9);

        using var alone = await runner.RunAsync([new TokenSequence(ids)], default);
        using var together = await runner.RunAsync([new TokenSequence(TinyEncoder.Sequence(2, 30)), new TokenSequence(ids)], default);

        Assert.Equal(alone.Hidden(2, 0).ToArray(), together.Hidden(2, 1).ToArray());
        Assert.InRange(Cosine(tiny.Forward(ids)[2], alone.Hidden(2, 0)), 0.99, 1.0001);
    }

    [Theory]
    [InlineData("bert")]
    [InlineData("electra")]
    public async Task Write_Padding_ChangesNothing(string family)
    {
        var tiny = new TinyEncoder(family);
        await using var runner = OnnxModelRunner.Open(BertGraph.Write(tiny.Checkpoint(), new BertGraphOptions { Layers = [0, 1, 2] }), tiny.ManifestOf());
        var ids = TinyEncoder.Sequence(5, 6);

        using var alone = await runner.RunAsync([new TokenSequence(ids)], default);
        using var padded = await runner.RunAsync([new TokenSequence(ids), new TokenSequence(TinyEncoder.Sequence(6, TinyEncoder.Positions))], default);

        for (var i = 0; i < alone.Hidden(2, 0).Length; i++)
            Assert.Equal(alone.Hidden(2, 0)[i], padded.Hidden(2, 0)[i], 1e-5);
    }

    private static async Task<double> LargestDifference(TinyEncoder tiny, EncoderPrecision precision)
    {
        var graph = BertGraph.Write(tiny.Checkpoint(), new BertGraphOptions { Precision = precision, Layers = [0, 1, 2] });
        await using var runner = OnnxModelRunner.Open(graph, tiny.ManifestOf(EncoderImporter.PrecisionName(precision)), new OnnxRunnerOptions { Device = "cpu" });

        // Rows of several lengths: padding stands behind the shorter ones.
        var sequences = new[] { TinyEncoder.Sequence(1, 7), TinyEncoder.Sequence(2, 1), TinyEncoder.Sequence(3, TinyEncoder.Positions) };
        using var output = await runner.RunAsync([.. sequences.Select(static ids => new TokenSequence(ids))], default);
        var largest = 0.0;
        for (var row = 0; row < sequences.Length; row++)
        {
            var expected = tiny.Forward(sequences[row]);
            for (var layer = 0; layer < expected.Length; layer++)
            {
                var actual = output.Hidden(layer, row);
                for (var i = 0; i < actual.Length; i++)
                    largest = Math.Max(largest, Math.Abs(expected[layer][i / TinyEncoder.Hidden][i % TinyEncoder.Hidden] - actual[i]));
            }
        }
        return largest;
    }

    private static double Cosine(double[][] expected, ReadOnlySpan<float> actual)
    {
        double product = 0, left = 0, right = 0;
        for (var i = 0; i < actual.Length; i++)
        {
            var value = expected[i / TinyEncoder.Hidden][i % TinyEncoder.Hidden];
            (product, left, right) = (product + (value * actual[i]), left + (value * value), right + ((double)actual[i] * actual[i]));
        }
        return product / Math.Sqrt(left * right);
    }
}
