using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Import;
using Streaming.Adapters.Onnx.Running;
using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Testing;
using Streaming.Text.Tokenization;

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

    [Theory]
    [InlineData("distilbert", EncoderPrecision.Int8, 1)]
    [InlineData("roberta", EncoderPrecision.Fp32, 1)]
    [InlineData("xlm-roberta", EncoderPrecision.Int8, 3)]
    [InlineData("electra", EncoderPrecision.Fp16, 2)]
    [InlineData("deberta-v2", EncoderPrecision.Int8, 1)]
    public async Task ImportAsync_EveryFamily_GivesBundleWhoseTokeniserAndEncoderBelongTogether(string family, EncoderPrecision precision, int shards)
    {
        new TinyEncoder(family, vocabulary: 8261).WriteFolder(Checkpoint, shards);
        File.Delete(Path.Combine(Checkpoint, "vocab.txt"));
        foreach (var (golden, file) in family switch
        {
            "roberta" => new[] { ("bpe_bytelevel/vocab.json", "vocab.json"), ("bpe_bytelevel/merges.txt", "merges.txt") },
            "xlm-roberta" => [("unigram_sentencepiece/unigram.model", "sentencepiece.bpe.model")],
            _ => [("unigram_hf/tokenizer.json", "tokenizer.json")],
        })
        {
            File.WriteAllBytes(Path.Combine(Checkpoint, file), Golden.ReadAllBytes(golden));
        }

        var bundle = await EncoderImporter.ImportAsync(Options("a") with { Precision = precision }, null, default);

        Assert.Equal(family, bundle.Manifest.Encoder.Family);
        Assert.Equal(TinyEncoder.Positions, bundle.Manifest.Encoder.MaxSequenceLength);
        var tokenizer = TokenizerLoader.Load(ModelBundle.Open(bundle.Directory));
        Assert.Equal(family == "roberta" ? "byte_level_bpe" : "unigram", tokenizer.Kind);
        using var buffer = new TokenBuffer();
        tokenizer.Encode("A text.", buffer);
        await using var runner = OnnxModelRunner.Open(bundle, new OnnxRunnerOptions { Device = "cpu" });
        using var output = await runner.RunAsync([new TokenSequence(buffer.Ids.ToArray())], default);
        Assert.Equal(buffer.Count * TinyEncoder.Hidden, output.Hidden(0, 0).Length);
    }

    [Fact]
    public async Task ImportAsync_LinksOfTheHubsCache_AreFollowed()
    {
        var store = Directory.CreateDirectory(Path.Combine(_folder, "models--a--b", "blobs")).FullName;
        var snapshot = Path.Combine(_folder, "models--a--b", "snapshots", "0123");
        new TinyBert().WriteFolder(snapshot);
        foreach (var file in Directory.GetFiles(snapshot))
        {
            File.Move(file, Path.Combine(store, Path.GetFileName(file)));
            File.CreateSymbolicLink(file, Path.Combine("..", "..", "blobs", Path.GetFileName(file)));
        }

        var bundle = await EncoderImporter.ImportAsync(Options("a") with { Directory = snapshot, Precision = EncoderPrecision.Fp32 }, null, default);

        Assert.Equal("bert", bundle.Manifest.Encoder.Family);
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
    [InlineData("vocab.txt", "tokenizer_missing")]
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
