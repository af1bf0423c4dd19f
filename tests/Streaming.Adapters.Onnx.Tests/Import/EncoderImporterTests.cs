using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Import;
using Streaming.Adapters.Onnx.Running;
using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Testing;

namespace Streaming.Adapters.Onnx.Tests.Import;

public sealed class EncoderImporterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("streaming-test-").FullName;

    private string Checkpoint => Path.Combine(_folder, "checkpoint");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(EncoderPrecision.Fp32, "fp32")]
    [InlineData(EncoderPrecision.Int8, "int8")]
    public async Task ImportAsync_Checkpoint_GivesBundleThatRuns(EncoderPrecision precision, string name)
    {
        new TinyBert("bert.").WriteFolder(Checkpoint);
        var steps = new List<EncoderImportProgress>();

        var bundle = await EncoderImporter.ImportAsync(Options("a") with { Precision = precision }, new Reports(steps), default);

        Assert.Equal(name, bundle.Manifest.Encoder.Precision);
        Assert.Equal([0, 1, 2], bundle.Manifest.Encoder.Layers);
        Assert.Equal("Apache-2.0", bundle.Manifest.Licence);
        Assert.Empty(bundle.Manifest.Heads);
        Assert.Equal(["LICENSE", "encoder.onnx", "vocab.txt"], bundle.Manifest.Files.Keys.Order(StringComparer.Ordinal));
        Assert.Contains(steps, static step => step.Step == "writing");
        await using var runner = OnnxModelRunner.Open(ModelBundle.Open(bundle.Directory));
        using var output = await runner.RunAsync([new TokenSequence(TinyBert.Sequence(1, 5))], default);
        Assert.Equal(5 * TinyBert.Hidden, output.Hidden(2, 0).Length);
    }

    [Fact]
    public async Task ImportAsync_Twice_GivesSameDigest()
    {
        new TinyBert().WriteFolder(Checkpoint);

        var first = await EncoderImporter.ImportAsync(Options("a"), null, default);
        var second = await EncoderImporter.ImportAsync(Options("b"), null, default);

        Assert.Equal(first.Digest, second.Digest);
    }

    [Theory]
    [InlineData("config.json", "model_not_found")]
    [InlineData("model.safetensors", "model_not_found")]
    [InlineData("vocab.txt", "model_not_found")]
    public async Task ImportAsync_FileMissing_SaysWhichAndLeavesNothing(string file, string code)
    {
        new TinyBert().WriteFolder(Checkpoint);
        File.Delete(Path.Combine(Checkpoint, file));

        var error = await Assert.ThrowsAsync<StreamingException>(() => EncoderImporter.ImportAsync(Options("a"), null, default));

        Assert.Equal(code, error.Code);
        Assert.Equal(["checkpoint"], Directory.EnumerateFileSystemEntries(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task ImportAsync_TruncatedWeights_IsRefused()
    {
        new TinyBert().WriteFolder(Checkpoint);
        var path = Path.Combine(Checkpoint, "model.safetensors");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^1]);

        var error = await Assert.ThrowsAsync<StreamingException>(() => EncoderImporter.ImportAsync(Options("a"), null, default));

        Assert.Equal("safetensors_invalid", error.Code);
    }

    [Fact]
    public async Task ImportAsync_Cancelled_LeavesNothing()
    {
        new TinyBert().WriteFolder(Checkpoint);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => EncoderImporter.ImportAsync(Options("a"), null, new CancellationToken(true)));

        Assert.Equal(["checkpoint"], Directory.EnumerateFileSystemEntries(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task ImportAsync_BadName_IsRefused()
    {
        new TinyBert().WriteFolder(Checkpoint);

        var error = await Assert.ThrowsAsync<StreamingException>(() => EncoderImporter.ImportAsync(Options("a") with { Name = "../x" }, null, default));

        Assert.Equal("model_manifest_invalid", error.Code);
    }

    [Fact]
    public void Shipped_Texts_AreAttributedAndMany()
    {
        var texts = CalibrationTexts.Shipped();

        Assert.InRange(texts.Count, 250, 1_000);
        Assert.DoesNotContain(texts, static text => text.StartsWith('#') || string.IsNullOrWhiteSpace(text));
    }

    [Fact]
    public void Read_NoText_IsRefused() =>
        Assert.Equal("model_calibration_empty", Assert.Throws<StreamingException>(() => CalibrationTexts.Read(new StringReader("# nothing\n"))).Code);

    [SharedFact("models/all-MiniLM-L6-v2")]
    public async Task ImportAsync_RealCheckpoint_IsSmallEnough()
    {
        var options = Options("minilm") with { Directory = SharedFolder.Require("models", "all-MiniLM-L6-v2") };

        var bundle = await EncoderImporter.ImportAsync(options, null, default);

        Assert.Equal(256, bundle.Manifest.Encoder.MaxSequenceLength);
        Assert.True(bundle.Manifest.Tokenizer.LowerCase);
        Assert.InRange(bundle.Manifest.Files.Values.Sum(static file => file.Size), 1, 28_000_000);
    }

    private EncoderImportOptions Options(string output) => new() { Directory = Checkpoint, Name = "tiny", Output = Path.Combine(_folder, output) };

    private sealed class Reports(List<EncoderImportProgress> steps) : IProgress<EncoderImportProgress>
    {
        public void Report(EncoderImportProgress value) => steps.Add(value);
    }
}
