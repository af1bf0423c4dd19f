using System.Security.Cryptography;
using System.Text.Json;

namespace Streaming.Core.Models.Bundle;

/// <summary>
/// A model on disk: a folder with <c>manifest.json</c> and the files it declares. Opening verifies every file;
/// reading verifies the bytes it hands out again, so what is loaded is what was signed off, whatever happens to the folder meanwhile.
/// </summary>
public sealed class ModelBundle
{
    /// <summary>Name of the manifest inside a bundle.</summary>
    public const string ManifestName = "manifest.json";

    private const int MaxManifestBytes = 16 * 1024 * 1024;

    private ModelBundle(string directory, ModelManifest manifest, string digest) =>
        (Directory, Manifest, Digest) = (directory, manifest, digest);

    /// <summary>Full path of the folder.</summary>
    public string Directory { get; }

    /// <summary>What the bundle says of itself, checked.</summary>
    public ModelManifest Manifest { get; }

    /// <summary>SHA-256 of the manifest's bytes, and through it of every file: the bundle's identity.</summary>
    public string Digest { get; }

    /// <summary>Name, version and head digests, as documents carry them.</summary>
    public ModelIdentity Identity
    {
        get
        {
            var heads = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var head in Manifest.Heads)
                heads.Add(head.Name, Manifest.Files[head.File].Sha256[..12]);
            return new ModelIdentity(Manifest.Name, Manifest.Version, heads);
        }
    }

    /// <summary>Opens and verifies a bundle.</summary>
    /// <exception cref="StreamingException"><c>model_not_found</c>, <c>model_manifest_invalid</c>, <c>model_path_refused</c>, <c>model_file_missing</c>, <c>model_digest_mismatch</c>.</exception>
    public static ModelBundle Open(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var full = Path.GetFullPath(directory);
        var manifestPath = Path.Combine(full, ManifestName);
        if (!System.IO.Directory.Exists(full) || !File.Exists(manifestPath))
            throw new StreamingException("model_not_found", $"There is no model bundle at '{directory}': {ManifestName} is missing. Check the model's path, or make one with `streaming models import`.");
        RefuseLink(new FileInfo(manifestPath), ManifestName);
        var bytes = ReadManifest(manifestPath);
        var bundle = new ModelBundle(full, Parse(bytes), Convert.ToHexStringLower(SHA256.HashData(bytes)));
        foreach (var path in bundle.Manifest.Files.Keys)
        {
            using var stream = bundle.OpenDeclared(path, out var declared);
            Verify(path, declared, SHA256.HashData(stream));
        }
        return bundle;
    }

    /// <summary>Parses and checks a manifest on its own.</summary>
    /// <exception cref="StreamingException"><c>model_manifest_invalid</c> with every error.</exception>
    public static ModelManifest Parse(ReadOnlySpan<byte> json)
    {
        ModelManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize(json, ManifestJson.OnDisk.ModelManifest);
        }
        catch (JsonException e)
        {
            throw new StreamingException("model_manifest_invalid", $"{ManifestName} is refused: {e.Message}", ExitCode.Usage, e);
        }
        if (manifest is null)
            throw new StreamingException("model_manifest_invalid", $"{ManifestName} is refused: it is null.");
        manifest = Filled(manifest);
        var errors = ManifestValidator.Validate(manifest);
        if (errors.Count > 0)
            throw new StreamingException("model_manifest_invalid", $"{ManifestName} is refused: {string.Join("; ", errors)}.");
        return manifest;
    }

    /// <summary>What was left out is empty: a source-generated serialiser gives null for it, whatever the property begins with.</summary>
    private static ModelManifest Filled(ModelManifest manifest) => manifest with
    {
        Heads =
        [
            .. (manifest.Heads ?? []).Select(static head => head is null ? head! : head with
            {
                Thresholds = head.Thresholds ?? new Dictionary<string, double>(),
                Metrics = head.Metrics ?? new Dictionary<string, double>(),
                Baselines = head.Baselines ?? new Dictionary<string, IReadOnlyDictionary<string, double>>(),
            }),
        ],
        Files = manifest.Files ?? new Dictionary<string, FileManifest>(),
        Attribution = manifest.Attribution ?? [],
        Encoder = manifest.Encoder with { Sha256 = manifest.Encoder.Sha256 ?? "" },
        Training = manifest.Training is { } training ? training with { Data = training.Data ?? [] } : null,
    };

    /// <summary>A declared file's bytes, verified as they are handed out.</summary>
    /// <param name="path">A key of <see cref="ModelManifest.Files"/>.</param>
    public byte[] Read(string path)
    {
        using var stream = OpenDeclared(path, out var declared);
        if (declared.Size > Array.MaxLength)
            throw new StreamingException("model_file_too_large", $"The model file '{path}' is larger than {Array.MaxLength} bytes.");
        var bytes = new byte[declared.Size];
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) != bytes.Length)
            throw Mismatch(path);
        Verify(path, declared, SHA256.HashData(bytes));
        return bytes;
    }

    /// <summary>A head's weights, verified.</summary>
    public SafetensorsFile OpenHead(HeadManifest head)
    {
        ArgumentNullException.ThrowIfNull(head);
        return SafetensorsFile.FromBytes(Read(head.File), head.File);
    }

    private static byte[] ReadManifest(string path)
    {
        using var stream = File.OpenRead(path);
        if (stream.Length > MaxManifestBytes)
            throw new StreamingException("model_manifest_invalid", $"{ManifestName} is refused: it is larger than {MaxManifestBytes} bytes.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static void RefuseLink(FileSystemInfo entry, string path)
    {
        if (entry.LinkTarget is not null)
            throw new StreamingException("model_path_refused", $"'{path}' in the model bundle is a link. Put the file itself there.");
    }

    private static void Verify(string path, FileManifest declared, ReadOnlySpan<byte> digest)
    {
        if (!Convert.ToHexStringLower(digest).Equals(declared.Sha256, StringComparison.Ordinal))
            throw Mismatch(path);
    }

    private static StreamingException Mismatch(string path) =>
        new("model_digest_mismatch", $"The model file '{path}' is not the one its manifest describes (SHA-256 or size differ). Restore the bundle, or import or train it again.");

    private FileStream OpenDeclared(string path, out FileManifest declared)
    {
        if (!Manifest.Files.TryGetValue(path, out declared!))
            throw new StreamingException("model_file_undeclared", $"The model bundle's manifest does not declare '{path}'.");
        // Every folder on the way counts: a linked folder leads out of the bundle as well as a linked file.
        var current = Directory;
        foreach (var segment in path.Split('/'))
        {
            current = Path.Combine(current, segment);
            RefuseLink(new FileInfo(current), path);
        }
        if (!File.Exists(current))
            throw new StreamingException("model_file_missing", $"The model file '{path}' is missing. Restore the bundle, or import or train it again.");
        var stream = new FileStream(current, FileMode.Open, FileAccess.Read, FileShare.Read, 128 * 1024, FileOptions.SequentialScan);
        if (stream.Length == declared.Size)
            return stream;
        stream.Dispose();
        throw Mismatch(path);
    }
}
