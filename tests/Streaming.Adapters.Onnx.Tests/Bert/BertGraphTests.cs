using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Running;
using Streaming.Core;
using Streaming.Core.Models;
using Microsoft.ML.OnnxRuntime;

namespace Streaming.Adapters.Onnx.Tests.Bert;

public sealed class BertGraphTests
{
    private const double Tolerance = 1e-5;

    [Theory]
    [InlineData("", false, "gelu")]
    [InlineData("bert.", false, "gelu")]
    [InlineData("", true, "relu")]
    [InlineData("bert.", true, "gelu_new")]
    public async Task Write_Fp32_EqualsPlainForwardPass(string prefix, bool oldNames, string activation)
    {
        var bert = new TinyBert(prefix, oldNames, activation);
        var graph = BertGraph.Write(bert.Checkpoint(), new BertGraphOptions { Layers = [0, 1, 2] });
        await using var runner = OnnxModelRunner.Open(graph, TinyBert.Manifest());
        var sequences = new[] { TinyBert.Sequence(1, 7), TinyBert.Sequence(2, 1), TinyBert.Sequence(3, TinyBert.Positions) };

        using var output = await runner.RunAsync([.. sequences.Select(static ids => new TokenSequence(ids))], default);

        for (var row = 0; row < sequences.Length; row++)
        {
            var expected = bert.Forward(sequences[row]);
            for (var layer = 0; layer < expected.Length; layer++)
                AssertClose(expected[layer], output.Hidden(layer, row), Tolerance);
        }
    }

    [Fact]
    public void Write_TokenTypes_EqualsPlainForwardPass()
    {
        var bert = new TinyBert();
        var graph = BertGraph.Write(bert.Checkpoint(), new BertGraphOptions { TokenTypes = true });
        var ids = TinyBert.Sequence(4, 6);
        var types = new[] { 0, 0, 1, 1, 0, 1 };

        var actual = RunPair(graph, ids, types, TinyBert.Layers);

        AssertClose(bert.Forward(ids, types)[^1], actual, Tolerance);
    }

    [Theory]
    [InlineData(EncoderPrecision.Fp32)]
    [InlineData(EncoderPrecision.Int8)]
    [InlineData(EncoderPrecision.Int8Dynamic)]
    public void Write_Twice_GivesSameBytes(EncoderPrecision precision)
    {
        var options = new BertGraphOptions { Precision = precision, Layers = [1, 2], Ranges = Int8GraphTests.Ranges(new TinyBert()) };

        var first = BertGraph.Write(new TinyBert().Checkpoint(), options);
        var second = BertGraph.Write(new TinyBert().Checkpoint(), options);

        Assert.Equal(first, second);
    }

    [Theory]
    [InlineData("embeddings.word_embeddings.weight")]
    [InlineData("encoder.layer.1.attention.self.key.bias")]
    [InlineData("encoder.layer.0.output.LayerNorm.weight")]
    public void Write_TensorMissing_IsRefused(string name)
    {
        var error = Assert.Throws<StreamingException>(() => BertGraph.Write(new TinyBert().Checkpoint(without: name), new BertGraphOptions()));

        Assert.Equal("safetensors_tensor_missing", error.Code);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_ShapeDiffersFromConfig_IsRefused()
    {
        var bert = new TinyBert();
        var wider = bert.Config with { Vocabulary = TinyBert.Vocabulary + 1 };
        var checkpoint = new BertCheckpoint(wider, Core.Models.Bundle.SafetensorsFile.FromBytes(bert.Safetensors(), "tiny"));

        var error = Assert.Throws<StreamingException>(() => BertGraph.Write(checkpoint, new BertGraphOptions()));

        Assert.Equal("safetensors_tensor_unsuitable", error.Code);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    public void Write_UnknownLayer_IsRefused(int layer)
    {
        var error = Assert.Throws<StreamingException>(() => BertGraph.Write(new TinyBert().Checkpoint(), new BertGraphOptions { Layers = [layer] }));

        Assert.Equal("model_layer_unknown", error.Code);
    }

    internal static ReadOnlySpan<float> RunPair(byte[] graph, int[] ids, int[] types, int layer)
    {
        var (session, _) = OnnxSessionFactory.Open(graph, new OnnxRunnerOptions { Device = "cpu" }, singlePrecision: true);
        using (session)
        {
            using var options = new RunOptions();
            using var idValue = OrtValue.CreateTensorValueFromMemory(ids, [1, ids.Length]);
            using var typeValue = OrtValue.CreateTensorValueFromMemory(types, [1, ids.Length]);
            using var lengthValue = OrtValue.CreateTensorValueFromMemory(new[] { ids.Length }, [1]);
            using var outputs = session.Run(options, [EncoderNames.InputIds, EncoderNames.TokenTypeIds, EncoderNames.Lengths], [idValue, typeValue, lengthValue], [EncoderNames.Layer(layer)]);
            return outputs[0].GetTensorDataAsSpan<float>().ToArray();
        }
    }

    private static void AssertClose(double[][] expected, ReadOnlySpan<float> actual, double tolerance)
    {
        var width = expected[0].Length;
        Assert.Equal(expected.Length * width, actual.Length);
        for (var i = 0; i < actual.Length; i++)
            Assert.InRange(actual[i] - expected[i / width][i % width], -tolerance, tolerance);
    }
}
