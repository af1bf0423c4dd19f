using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Import;
using Streaming.Adapters.Onnx.Running;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Encoders;
using Streaming.Testing;
using Streaming.Text.Tokenization;

namespace Streaming.Adapters.Onnx.Tests.Bert;

/// <summary>The real encoder against reference hidden states computed in double precision elsewhere.</summary>
public sealed class GoldenEncoderTests
{
    private const string Model = "models/all-MiniLM-L6-v2";
    private const float Tolerance = 1e-4f;
    private const int Width = 384;

    [SharedFact(Model)]
    public async Task Hidden_Fp32AloneAndPadded_EqualsReference()
    {
        using var weights = Weights();
        await using var runner = OnnxModelRunner.Open(BertGraph.Write(Checkpoint(weights), new BertGraphOptions()), Manifest("fp32", 6));
        var (_, expected) = Golden.ReadNpy("encoder/hidden.npy");
        var texts = Golden.ReadJsonLines("encoder/texts.jsonl").Select(static line => (
            Ids: line.GetProperty("ids").EnumerateArray().Select(static id => id.GetInt32()).ToArray(), Row: line.GetProperty("row").GetInt32())).ToArray();
        using var together = await runner.RunAsync([.. texts.Select(static text => new TokenSequence(text.Ids))], default);

        for (var i = 0; i < texts.Length; i++)
        {
            using var alone = await runner.RunAsync([new TokenSequence(texts[i].Ids)], default);
            var reference = expected.AsSpan(texts[i].Row * Width, texts[i].Ids.Length * Width);
            AssertClose(reference, alone.Hidden(0, 0));
            AssertClose(reference, together.Hidden(0, i));
        }
    }

    [SharedFact(Model)]
    public async Task Hidden_Fp32EveryLayer_EqualsReference()
    {
        using var weights = Weights();
        var layers = Enumerable.Range(0, 7).ToArray();
        await using var runner = OnnxModelRunner.Open(BertGraph.Write(Checkpoint(weights), new BertGraphOptions { Layers = layers }), Manifest("fp32", layers));
        var report = Golden.ReadJson("encoder/report.json");
        for (var text = 0; text < 3; text++)
        {
            var ids = report.GetProperty($"layers_{text}").GetProperty("ids").EnumerateArray().Select(static id => id.GetInt32()).ToArray();
            var (_, expected) = Golden.ReadNpy($"encoder/layers_{text}.npy");
            using var output = await runner.RunAsync([new TokenSequence(ids)], default);
            foreach (var layer in layers)
                AssertClose(expected.AsSpan(layer * ids.Length * Width, ids.Length * Width), output.Hidden(layer, 0));
        }
    }

    [SharedFact(Model)]
    public void Hidden_Fp32Pairs_EqualsReference()
    {
        using var weights = Weights();
        var graph = BertGraph.Write(Checkpoint(weights), new BertGraphOptions { TokenTypes = true });
        var pairs = Golden.ReadJson("encoder/report.json").GetProperty("pairs").EnumerateArray().ToArray();
        for (var i = 0; i < pairs.Length; i++)
        {
            var ids = pairs[i].GetProperty("ids").EnumerateArray().Select(static id => id.GetInt32()).ToArray();
            var types = pairs[i].GetProperty("types").EnumerateArray().Select(static id => id.GetInt32()).ToArray();
            AssertClose(Golden.ReadNpy($"encoder/pair_{i}.npy").Values, BertGraphTests.RunPair(graph, ids, types, 6));
        }
    }

    [SharedFact(Model)]
    public async Task Hidden_Fp32Long_EqualsReference()
    {
        using var weights = Weights();
        await using var runner = OnnxModelRunner.Open(BertGraph.Write(Checkpoint(weights), new BertGraphOptions()), Manifest("fp32", 6));
        foreach (var entry in Golden.ReadJson("encoder/long.json").EnumerateArray())
        {
            var ids = entry.GetProperty("ids").EnumerateArray().Select(static id => id.GetInt32()).ToArray();
            var rows = entry.GetProperty("rows_kept").EnumerateArray().Select(static row => row.GetInt32()).ToArray();
            var (_, expected) = Golden.ReadNpy($"encoder/long_{ids.Length}.npy");
            using var output = await runner.RunAsync([new TokenSequence(ids)], default);
            for (var i = 0; i < rows.Length; i++)
                AssertClose(expected.AsSpan(i * Width, Width), output.Hidden(0, 0).Slice(rows[i] * Width, Width));
        }
    }

    [SharedFact(Model, "data/sentiment/goemotions/test.tsv")]
    public async Task Hidden_Int8OnUnseenTexts_StaysCloseAndIgnoresNeighbours()
    {
        using var weights = Weights();
        var checkpoint = Checkpoint(weights);
        var tokenizer = TokenizerLoader.Load(Path.Combine(SharedFolder.Require(Model.Split('/')), "tokenizer.json"));
        var ranges = ActivationCalibrator.Measure(checkpoint, CalibrationTexts.Encode(CalibrationTexts.Shipped(), tokenizer, 256), null, default);
        var graph = BertGraph.Write(checkpoint, new BertGraphOptions { Precision = EncoderPrecision.Int8, Ranges = ranges });
        Assert.InRange(graph.Length, 1, 26_000_000);
        await using var int8 = OnnxModelRunner.Open(graph, Manifest("int8", 6));
        await using var fp32 = OnnxModelRunner.Open(BertGraph.Write(checkpoint, new BertGraphOptions()), Manifest("fp32", 6));
        var texts = File.ReadLines(SharedFolder.Require("data", "sentiment", "goemotions", "test.tsv")).Take(96).Select(static line => line.Split('\t')[0]);
        var batch = CalibrationTexts.Encode(texts, tokenizer, 256).Select(static ids => new TokenSequence(ids)).ToArray();
        using var together = await int8.RunAsync(batch, default);

        double cosines = 0;
        for (var i = 0; i < batch.Length; i++)
        {
            using var alone = await int8.RunAsync([batch[i]], default);
            using var reference = await fp32.RunAsync([batch[i]], default);
            Assert.Equal(alone.Hidden(0, 0).ToArray(), together.Hidden(0, i).ToArray());
            cosines += PooledCosine(reference.Hidden(0, 0), alone.Hidden(0, 0));
        }
        Assert.InRange(cosines / batch.Length, 0.995, 1.000001);
    }

    private static SafetensorsFile Weights() => SafetensorsFile.Open(Path.Combine(SharedFolder.Require(Model.Split('/')), "model.safetensors"));

    private static BertCheckpoint Checkpoint(SafetensorsFile weights) =>
        new(BertConfig.Parse(File.ReadAllBytes(Path.Combine(SharedFolder.Require(Model.Split('/')), "config.json"))), weights);

    private static EncoderManifest Manifest(string precision, params int[] layers) => new()
    {
        File = "encoder.onnx",
        Family = "bert",
        Precision = precision,
        Dimensions = Width,
        Layers = layers,
        MaxSequenceLength = 512,
    };

    private static double PooledCosine(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        double[] a = new double[Width], b = new double[Width];
        for (var i = 0; i < left.Length; i++)
        {
            a[i % Width] += left[i];
            b[i % Width] += right[i];
        }
        return a.Zip(b, static (x, y) => x * y).Sum() / Math.Sqrt(a.Sum(static x => x * x) * b.Sum(static x => x * x));
    }

    private static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var worst = 0f;
        for (var i = 0; i < expected.Length; i++)
            worst = Math.Max(worst, float.IsNaN(actual[i]) ? float.MaxValue : Math.Abs(expected[i] - actual[i]));
        Assert.InRange(worst, 0, Tolerance);
    }
}
