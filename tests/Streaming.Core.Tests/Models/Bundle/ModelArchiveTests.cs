using System.Formats.Tar;
using Streaming.Core.Models.Bundle;

namespace Streaming.Core.Tests.Models.Bundle;

public sealed class ModelArchiveTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ModelBundle _bundle;

    public ModelArchiveTests()
    {
        using var writer = new ModelBundleWriter(PathOf("bundle"));
        writer.Add("encoder.onnx", "graph"u8);
        writer.Add("vocab.txt", "words"u8);
        _bundle = writer.Complete(new ModelManifest
        {
            Name = "tiny", Version = "1", Licence = "MIT",
            Encoder = new EncoderManifest { File = "encoder.onnx", Family = "bert", Precision = "int8", Dimensions = 4, Layers = [1], MaxSequenceLength = 16 },
            Tokenizer = new TokenizerManifest { Kind = "wordpiece", Files = ["vocab.txt"] },
        });
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_WhatWasWritten_IsTheSameBundle()
    {
        // A later writer may know more than this program; the manifest's bytes stay as they are all the same.
        File.WriteAllText(Path.Combine(_bundle.Directory, "manifest.json"), File.ReadAllText(Path.Combine(_bundle.Directory, "manifest.json")).Replace("{\n  \"format_version\"", "{\n  \"later\": 1,\n  \"format_version\"", StringComparison.Ordinal));
        var bundle = ModelBundle.Open(_bundle.Directory);

        var read = ModelArchive.Read(new MemoryStream(Archive(bundle)), directory: null, PathOf("models"), overwrite: false, bundle.Digest);

        Assert.Equal(PathOf("models/tiny"), read.Directory);
        Assert.Equal(bundle.Digest, read.Digest);
        Assert.Equal("graph"u8.ToArray(), read.Read("encoder.onnx"));
        Assert.Equal(Archive(bundle), Archive(read));
    }

    [Fact]
    public void Read_ABundleIsThere_IsReplacedOnlyWhenAsked()
    {
        var archive = Archive(_bundle);
        Assert.Equal("model_exists", Refused(archive, PathOf("bundle")));
        Assert.Equal(_bundle.Digest, ModelArchive.Read(new MemoryStream(archive), PathOf("bundle"), "", overwrite: true).Digest);
    }

    [Fact]
    public void Read_AnotherDigestThanAsked_IsRefused()
    {
        var error = Assert.Throws<StreamingException>(() => ModelArchive.Read(new MemoryStream(Archive(_bundle)), null, PathOf("models"), false, new string('0', 64)));
        Assert.Equal("model_digest_mismatch", error.Code);
        Assert.Contains(_bundle.Digest, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(PathOf("models")));
    }

    [Theory]
    [InlineData("nothing", "model_archive_invalid")]
    [InlineData("manifest not first", "model_archive_invalid")]
    [InlineData("undeclared file", "model_archive_invalid")]
    [InlineData("path out of the folder", "model_archive_invalid")]
    [InlineData("link", "model_archive_invalid")]
    [InlineData("twice", "model_archive_invalid")]
    [InlineData("other size", "model_archive_invalid")]
    [InlineData("other bytes", "model_digest_mismatch")]
    [InlineData("missing file", "model_file_missing")]
    [InlineData("manifest broken", "model_manifest_invalid")]
    public void Read_Tampered_IsRefusedAndLeavesNothing(string what, string code)
    {
        var manifest = ("manifest.json", File.ReadAllBytes(Path.Combine(_bundle.Directory, "manifest.json")));
        (string, byte[]) encoder = ("encoder.onnx", "graph"u8.ToArray()), words = ("vocab.txt", "words"u8.ToArray());
        byte[] archive = what switch
        {
            "nothing" => [],
            "manifest not first" => Tar(encoder, manifest, words),
            "undeclared file" => Tar(manifest, encoder, words, ("other.bin", "x"u8.ToArray())),
            "path out of the folder" => Tar(manifest, ("../encoder.onnx", encoder.Item2), words),
            "link" => Tar(manifest, encoder, ("vocab.txt -> /etc/passwd", [])),
            "twice" => Tar(manifest, encoder, encoder, words),
            "other size" => Tar(manifest, encoder, ("vocab.txt", "word"u8.ToArray())),
            "other bytes" => Tar(manifest, encoder, ("vocab.txt", "sword"u8.ToArray())),
            "missing file" => Tar(manifest, encoder),
            _ => Tar(("manifest.json", "{}"u8.ToArray()), encoder, words),
        };

        Assert.Equal(code, Refused(archive, PathOf("new")));
        Assert.Equal(["bundle"], Directory.EnumerateFileSystemEntries(PathOf("")).Select(Path.GetFileName));
    }

    [Fact]
    public void Read_EveryCutAndManyBitFlips_NeverGiveAnotherBundle()
    {
        var archive = Archive(_bundle);
        for (var length = 0; length < archive.Length; length += 97)
            Survives(archive[..length]);
        var random = new Random(5);
        for (var i = 0; i < 300; i++)
        {
            var flipped = archive.ToArray();
            flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
            Survives(flipped);
        }

        void Survives(byte[] bytes)
        {
            try
            {
                // What still opens can differ in its manifest only, and then its digest says so.
                Assert.Equal(Directory.GetFiles(_bundle.Directory, "*", SearchOption.AllDirectories).Length,
                    Directory.GetFiles(ModelArchive.Read(new MemoryStream(bytes), PathOf("flip"), "", overwrite: true).Directory, "*", SearchOption.AllDirectories).Length);
            }
            catch (StreamingException error)
            {
                Assert.StartsWith("model_", error.Code, StringComparison.Ordinal);
            }
        }
    }

    private static string Refused(byte[] archive, string directory) =>
        Assert.Throws<StreamingException>(() => ModelArchive.Read(new MemoryStream(archive), directory, "", overwrite: false)).Code;

    private static byte[] Archive(ModelBundle bundle)
    {
        using var stream = new MemoryStream();
        ModelArchive.Write(bundle, stream);
        return stream.ToArray();
    }

    private static byte[] Tar(params (string Name, byte[] Bytes)[] entries)
    {
        using var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, bytes) in entries)
            {
                tar.WriteEntry(name.Split(" -> ") is [var link, var target]
                    ? new UstarTarEntry(TarEntryType.SymbolicLink, link) { LinkName = target }
                    : new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(bytes) });
            }
        }

        return stream.ToArray();
    }

    private string PathOf(string name) => name.Length == 0 ? _folder.Path : Path.Combine(_folder.Path, name);
}
