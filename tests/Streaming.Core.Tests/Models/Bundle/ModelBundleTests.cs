using System.Text;
using Streaming.Core.Models.Bundle;

namespace Streaming.Core.Tests.Models.Bundle;

public sealed class ModelBundleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Damages => new()
    {
        { "\"format_version\": 1", "\"format_version\": 2" },
        { "\"format_version\": 1", "\"format_version\": \"1\"" },
        { "\"name\": \"tiny\"", "\"name\": \"\"" },
        { "\"name\": \"tiny\"", "\"name\": \"Tiny Model\"" },
        { "\"name\": \"tiny\"", "\"name\": \"../x\"" },
        { "\"name\": \"tiny\"", "\"name\": null" },
        { "\"name\": \"tiny\"", "\"name\": \"tiny\", \"name\": \"other\"" },
        { "\"name\": \"tiny\",", "" },
        { "\"version\": \"1\"", "\"version\": \"1/2\"" },
        { "\"licence\": \"MIT\"", "\"licence\": \"\"" },
        { "\"precision\": \"int8\"", "\"precision\": \"int4\"" },
        { "\"dimensions\": 4", "\"dimensions\": 0" },
        { "\"dimensions\": 4", "\"dimensions\": 4.5" },
        { "\"dimensions\": 4", "\"dimensions\": 1e99" },
        { "\"max_sequence_length\": 16", "\"max_sequence_length\": -1" },
        { "\"encoder\": {", "\"encoder\": null, \"x\": {" },
        { "\"kind\": \"wordpiece\"", "\"kind\": \"\"" },
        { "\"task\": \"topic\"", "\"task\": \"chess\"" },
        { "\"task\": \"topic\"", "\"task\": 1" },
        { "\"unit\": \"document\"", "\"unit\": null" },
        { "\"temperature\": 1.5", "\"temperature\": 0" },
        { "\"temperature\": 1.5", "\"temperature\": -1" },
        { "\"temperature\": 1.5", "\"temperature\": \"NaN\"" },
        { "\"sport\": 0.5", "\"sport\": 1.5" },
        { "\"file\": \"heads/topic.safetensors\"", "\"file\": \"heads/other.safetensors\"" },
        { "\"file\": \"encoder.onnx\"", "\"file\": \"../../etc/passwd\"" },
        { "\"heads/topic.safetensors\": {", "\"../topic.safetensors\": {" },
        { "\"heads/topic.safetensors\": {", "\"/etc/passwd\": {" },
        { "\"heads/topic.safetensors\": {", "\"heads/./topic.safetensors\": {" },
        { "\"heads/topic.safetensors\": {", "\"heads\\\\topic.safetensors\": {" },
        { "\"heads/topic.safetensors\": {", "\"heads//topic.safetensors\": {" },
        { "\"heads/topic.safetensors\": {", "\"MANIFEST.json\": {" },
        { "\"heads/topic.safetensors\": {", "\"ENCODER.onnx\": {" },
        { "\"heads/topic.safetensors\": {", "\"heads/topic.safetensors\": null, \"x\": {" },
        { "\"size\": 5", "\"size\": -5" },
        { "\"files\": {", "\"fules\": {" },
        { "\"format_version\": 1,", "" },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("heads")]
    [InlineData("attribution")]
    [InlineData("thresholds")]
    [InlineData("metrics")]
    [InlineData("baselines")]
    public void Parse_PartThatMayBeLeftOut_IsEmpty(string part)
    {
        var json = File.ReadAllText(Path.Combine(Write().Directory, "manifest.json"));
        Assert.Contains($"\"{part}\":", json, StringComparison.Ordinal);

        var manifest = ModelBundle.Parse(System.Text.Encoding.UTF8.GetBytes(json.Replace($"\"{part}\":", $"\"no_{part}\":", StringComparison.Ordinal)));

        Assert.Equal(part == "heads", manifest.Heads.Count == 0);
        Assert.NotNull(manifest.Attribution);
        Assert.All(manifest.Heads, static head => Assert.True(head.Thresholds is not null && head.Metrics is not null && head.Baselines is not null));
    }

    [Fact]
    public void Complete_ThenOpen_GivesBackEverything()
    {
        var written = Write();

        var opened = ModelBundle.Open(written.Directory);

        Assert.Equal(written.Digest, opened.Digest);
        Assert.Equal("topic text"u8.ToArray(), opened.Read("heads/topic.safetensors"));
        Assert.Equal(opened.Manifest.Files["heads/topic.safetensors"].Sha256[..12], opened.Identity.Heads["topic"]);
        Assert.Equal(0.5, opened.Manifest.Heads[0].Thresholds["sport"]);
        Assert.Equal(0.9, opened.Manifest.Heads[0].Metrics["test.accuracy"]);
        Assert.Equal(["bundle"], System.IO.Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Complete_Twice_GivesSameManifest()
    {
        var first = Write("a").Digest;
        var second = Write("b").Digest;

        Assert.Equal(first, second);
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void Open_DamagedManifest_IsRefused(string from, string to)
    {
        var path = Path.Combine(Write().Directory, "manifest.json");
        var text = File.ReadAllText(path);
        Assert.Contains(from, text, StringComparison.Ordinal);
        var at = text.IndexOf(from, StringComparison.Ordinal);
        File.WriteAllText(path, text[..at] + to + text[(at + from.Length)..]);

        var error = Assert.Throws<StreamingException>(() => ModelBundle.Open(Path.GetDirectoryName(path)!));

        Assert.Equal("model_manifest_invalid", error.Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"name\":")]
    public void Parse_NotAManifest_IsRefused(string json) =>
        Assert.Equal("model_manifest_invalid", Assert.Throws<StreamingException>(() => ModelBundle.Parse(Encoding.UTF8.GetBytes(json))).Code);

    [Fact]
    public void Parse_DeepNesting_IsRefused()
    {
        var json = Encoding.UTF8.GetBytes("{\"x\":" + new string('[', 8_000));

        Assert.Equal("model_manifest_invalid", Assert.Throws<StreamingException>(() => ModelBundle.Parse(json)).Code);
    }

    [Fact]
    public void Parse_SeveralErrors_NamesAll()
    {
        var text = File.ReadAllText(Path.Combine(Write().Directory, "manifest.json"))
            .Replace("\"name\": \"tiny\"", "\"name\": \"\"", StringComparison.Ordinal)
            .Replace("\"temperature\": 1.5", "\"temperature\": 0", StringComparison.Ordinal);

        var error = Assert.Throws<StreamingException>(() => ModelBundle.Parse(Encoding.UTF8.GetBytes(text)));

        Assert.Contains("name must", error.Message, StringComparison.Ordinal);
        Assert.Contains("temperature", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("encoder.onnx")]
    [InlineData("vocab.txt")]
    [InlineData("heads/topic.safetensors")]
    public void Open_OneBitFlipped_IsRefused(string file)
    {
        var path = Path.Combine(Write().Directory, file);
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);

        Assert.Equal("model_digest_mismatch", Assert.Throws<StreamingException>(() => ModelBundle.Open(Path.Combine(_folder.Path, "bundle"))).Code);
    }

    [Fact]
    public void Open_FileLongerOrGone_IsRefused()
    {
        var bundle = Write();
        var path = Path.Combine(bundle.Directory, "vocab.txt");
        File.AppendAllText(path, "x");
        Assert.Equal("model_digest_mismatch", Assert.Throws<StreamingException>(() => ModelBundle.Open(bundle.Directory)).Code);

        File.Delete(path);
        Assert.Equal("model_file_missing", Assert.Throws<StreamingException>(() => ModelBundle.Open(bundle.Directory)).Code);
    }

    [Fact]
    public void Open_LinkedFile_IsRefused()
    {
        var bundle = Write();
        var path = Path.Combine(bundle.Directory, "vocab.txt");
        var outside = Path.Combine(_folder.Path, "outside.txt");
        File.Move(path, outside);
        File.CreateSymbolicLink(path, outside);

        Assert.Equal("model_path_refused", Assert.Throws<StreamingException>(() => ModelBundle.Open(bundle.Directory)).Code);
    }

    [Fact]
    public void Open_LinkedFolder_IsRefused()
    {
        var bundle = Write();
        var heads = Path.Combine(bundle.Directory, "heads");
        var outside = Path.Combine(_folder.Path, "outside");
        System.IO.Directory.Move(heads, outside);
        System.IO.Directory.CreateSymbolicLink(heads, outside);

        Assert.Equal("model_path_refused", Assert.Throws<StreamingException>(() => ModelBundle.Open(bundle.Directory)).Code);
    }

    [Fact]
    public void Read_ChangedAfterOpening_IsRefused()
    {
        var bundle = Write();
        File.WriteAllText(Path.Combine(bundle.Directory, "vocab.txt"), "hello");

        Assert.Equal("model_digest_mismatch", Assert.Throws<StreamingException>(() => bundle.Read("vocab.txt")).Code);
    }

    [Fact]
    public void Read_UndeclaredFile_IsRefused()
    {
        var bundle = Write();
        File.WriteAllText(Path.Combine(bundle.Directory, "extra.txt"), "x");

        Assert.Equal("model_file_undeclared", Assert.Throws<StreamingException>(() => ModelBundle.Open(bundle.Directory).Read("extra.txt")).Code);
        Assert.Equal("model_file_undeclared", Assert.Throws<StreamingException>(() => bundle.Read("../outside")).Code);
    }

    [Fact]
    public void Open_NoBundle_SaysSo() =>
        Assert.Equal("model_not_found", Assert.Throws<StreamingException>(() => ModelBundle.Open(_folder.Path)).Code);

    [Fact]
    public void Writer_TargetExists_NeedsLeave()
    {
        var first = Write();

        Assert.Equal("model_exists", Assert.Throws<StreamingException>(() => new ModelBundleWriter(first.Directory)).Code);
        Assert.Equal(first.Digest, Write(overwrite: true).Digest);
    }

    [Fact]
    public void Writer_ForeignFolder_IsNeverReplaced()
    {
        File.WriteAllText(Path.Combine(_folder.Path, "letter.txt"), "dear");

        Assert.Equal("model_exists", Assert.Throws<StreamingException>(() => new ModelBundleWriter(_folder.Path, overwrite: true)).Code);
    }

    [Fact]
    public void Dispose_NotCompleted_LeavesNothing()
    {
        using (var writer = new ModelBundleWriter(Path.Combine(_folder.Path, "bundle")))
            writer.Add("a.txt", "x"u8);

        Assert.Empty(System.IO.Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/x")]
    [InlineData("a/../x")]
    [InlineData("a\\x")]
    [InlineData("manifest.json")]
    [InlineData("")]
    public void Add_UnsafePath_Throws(string path)
    {
        using var writer = new ModelBundleWriter(Path.Combine(_folder.Path, "bundle"));

        Assert.Throws<ArgumentException>(() => writer.Add(path, "x"u8));
    }

    private ModelBundle Write(string name = "bundle", bool overwrite = false)
    {
        using var writer = new ModelBundleWriter(Path.Combine(_folder.Path, name), overwrite);
        writer.Add("encoder.onnx", "onnx bytes"u8);
        writer.Add("vocab.txt", "vocab"u8);
        writer.Add("heads/topic.safetensors", "topic text"u8);
        return writer.Complete(new ModelManifest
        {
            Name = "tiny",
            Version = "1",
            Encoder = new EncoderManifest { File = "encoder.onnx", Family = "bert", Precision = "int8", Dimensions = 4, Layers = [0, 2], MaxSequenceLength = 16 },
            Tokenizer = new TokenizerManifest { Kind = "wordpiece", Files = ["vocab.txt"] },
            Heads =
            [
                new HeadManifest
                {
                    Name = "topic",
                    Task = HeadTask.Topic,
                    Kind = HeadKind.Softmax,
                    Unit = HeadUnit.Document,
                    Labels = ["news", "sport"],
                    Layers = [2],
                    Temperature = 1.5,
                    File = "heads/topic.safetensors",
                    Thresholds = new Dictionary<string, double> { ["sport"] = 0.5 },
                    Metrics = new Dictionary<string, double> { ["test.accuracy"] = 0.9 },
                },
            ],
            Licence = "MIT",
            Attribution = ["Zoë"],
        });
    }
}
