using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Heads;
using Streaming.Text.Tests.Analysis;

namespace Streaming.Text.Tests.Heads;

public sealed class HeadTests
{
    private static readonly EncoderInfo Info = new(2, [1], 64, "test");
    private static readonly string[] Tags = ["O", "B-X", "I-X", "B-Y", "I-Y"];

    [Theory]
    [InlineData("0 1 2 0", "X1-2")]
    [InlineData("2 2 0 4", "X0-1 Y3-3")]
    [InlineData("1 1 3 4", "X0-0 X1-1 Y2-3")]
    [InlineData("1 4 2", "X0-0 Y1-1 X2-2")]
    [InlineData("0 0", "")]
    public void Decode_SoftmaxTags_AreReadAsSpans(string path, string expected)
    {
        var head = Softmax();
        var labels = path.Split(' ').Select(int.Parse).ToArray();
        var logits = new float[labels.Length * 5];
        for (var word = 0; word < labels.Length; word++)
            logits[word * 5 + labels[word]] = 9;
        var spans = new List<TaggedSpan>();

        head.Decode(logits, 0, spans);

        Assert.Equal(expected, string.Join(' ', spans.Select(span => $"{span.Type}{span.First}-{span.Last}")));
        Assert.All(spans, span => Assert.InRange(span.Confidence, 0.9, 1));
    }

    [Fact]
    public void Load_WrittenHead_GivesTheSameLogits()
    {
        var manifest = Models.Manifest("ner", HeadTask.Ner, HeadKind.Crf, HeadUnit.Token, Tags, [1], wordShape: false);
        float[] weight = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        float[] bias = [1, 0, -1, 2, 0];
        var writer = new SafetensorsWriter();
        writer.Add("weight", weight, 5, 2);
        writer.Add("bias", bias, 5);
        writer.Add("crf.start", new float[5], 5);
        writer.Add("crf.transitions", new float[25], 5, 5);
        writer.Add("crf.end", new float[5], 5);

        var head = Head.Load(SafetensorsFile.FromBytes(writer.ToBytes(), "heads/ner.safetensors"), manifest, Info);
        var logits = new float[5];
        head.Project([0.5f, -1], logits);

        Assert.Equal([-0.5f, -2.5f, -4.5f, -2.5f, -5.5f], logits);
    }

    [Fact]
    public void Constructor_WrongShapes_AreRefused()
    {
        var manifest = Models.Manifest("ner", HeadTask.Ner, HeadKind.Softmax, HeadUnit.Token, Tags, [1], wordShape: false);

        Assert.Equal("head_invalid", Assert.Throws<StreamingException>(() => new Head(manifest, Info, new float[9], new float[5])).Code);
        Assert.Equal("head_invalid", Assert.Throws<StreamingException>(() => new Head(manifest, Info, [.. Enumerable.Repeat(float.NaN, 10)], new float[5])).Code);
        Assert.Equal("head_invalid", Assert.Throws<StreamingException>(() => new Head(manifest with { Labels = ["O", "PER"] }, Info, new float[4], new float[2])).Code);
        Assert.Equal("head_layer_missing", Assert.Throws<StreamingException>(() => new Head(manifest with { Layers = [7] }, Info, new float[10], new float[5])).Code);
    }

    [Fact]
    public void Project_RowsTogetherOrAlone_AreTheSame()
    {
        var random = new Random(5);
        var weights = Enumerable.Range(0, 7 * 100).Select(_ => (float)random.NextDouble()).ToArray();
        var projection = new Projection(weights, new float[7]);
        var rows = new float[11 * projection.Stride];
        for (var row = 0; row < 11; row++)
        {
            for (var i = 0; i < 100; i++)
                rows[row * projection.Stride + i] = (float)random.NextDouble() - 0.5f;
        }

        var together = new float[11 * 7];
        projection.Multiply(rows, 11, addBias: true, together);
        for (var row = 0; row < 11; row++)
        {
            var alone = new float[7];
            projection.Multiply(rows.AsSpan(row * projection.Stride), 1, addBias: true, alone);
            Assert.Equal(alone, together.AsSpan(row * 7, 7).ToArray());
            var expected = Enumerable.Range(0, 100).Sum(i => (double)rows[row * projection.Stride + i] * weights[3 * 100 + i]);
            Assert.Equal(expected, alone[3], 1e-4);
        }
    }

    private static Head Softmax() => new(
        Models.Manifest("x", HeadTask.Ner, HeadKind.Softmax, HeadUnit.Token, Tags, [1], wordShape: false), Info, new float[10], new float[5]);
}
