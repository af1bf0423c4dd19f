using System.Security.Cryptography;
using System.Text.Json;

namespace Streaming.Core.Models.Bundle;

/// <summary>Writes a bundle into a folder beside its place and moves it there whole: a reader sees the old bundle or the new one, never a part.</summary>
public sealed class ModelBundleWriter : IDisposable
{
    private readonly string _target;
    private readonly string _staging;
    private readonly SortedDictionary<string, FileManifest> _files = new(StringComparer.Ordinal);
    private bool _done;

    /// <summary>Starts a bundle.</summary>
    /// <param name="directory">Where it will lie.</param>
    /// <param name="overwrite">Whether a bundle that lies there is replaced.</param>
    /// <exception cref="StreamingException"><c>model_exists</c>.</exception>
    public ModelBundleWriter(string directory, bool overwrite = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        _target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        if (Directory.Exists(_target) && !IsReplaceable(_target, overwrite))
            throw new StreamingException("model_exists", $"'{directory}' exists already. Choose another folder or version, or ask for it to be replaced; only a model bundle or an empty folder ever is.");
        _staging = $"{_target}.part-{Guid.NewGuid():n}";
        Directory.CreateDirectory(_staging);
    }

    /// <summary>Adds a file.</summary>
    /// <param name="path">Relative, forward slashes.</param>
    /// <param name="bytes">Its content.</param>
    public void Add(string path, ReadOnlySpan<byte> bytes)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!ManifestValidator.IsSafePath(path))
            throw new ArgumentException($"'{path}' is not a plain relative path.", nameof(path));
        _files.Add(path, new FileManifest(Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes.Length));
        Write(path, bytes);
    }

    /// <summary>Copies a file that another bundle declares, verified.</summary>
    public void AddFrom(ModelBundle bundle, string path)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        Add(path, bundle.Read(path));
    }

    /// <summary>Fills in the files' digests, checks and writes the manifest, and moves the bundle to its place.</summary>
    /// <returns>The bundle, opened and verified.</returns>
    public ModelBundle Complete(ModelManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var full = manifest with
        {
            Files = _files,
            Encoder = manifest.Encoder with { Sha256 = _files.TryGetValue(manifest.Encoder.File, out var encoder) ? encoder.Sha256 : "" },
        };
        var json = JsonSerializer.SerializeToUtf8Bytes(full, ManifestJson.OnDisk.ModelManifest);
        _ = ModelBundle.Parse(json);
        Write(ModelBundle.ManifestName, [.. json, (byte)'\n']);
        return Publish();
    }

    /// <summary>Completes with a manifest that is there already; what was added must be what it declares.</summary>
    /// <returns>The bundle, opened and verified.</returns>
    /// <exception cref="StreamingException">Those of <see cref="ModelBundle.Open"/>; nothing is left behind.</exception>
    internal ModelBundle Complete(byte[] manifest)
    {
        Write(ModelBundle.ManifestName, manifest);
        _ = ModelBundle.Open(_staging);
        return Publish();
    }

    private ModelBundle Publish()
    {
        var old = $"{_target}.old-{Guid.NewGuid():n}";
        var replaces = Directory.Exists(_target);
        if (replaces)
            Directory.Move(_target, old);
        try
        {
            Directory.Move(_staging, _target);
        }
        catch when (replaces)
        {
            Directory.Move(old, _target);
            throw;
        }
        _done = true;
        if (replaces)
            Directory.Delete(old, recursive: true);
        return ModelBundle.Open(_target);
    }

    /// <summary>Removes what was written if the bundle was not completed.</summary>
    public void Dispose()
    {
        if (!_done && Directory.Exists(_staging))
            Directory.Delete(_staging, recursive: true);
    }

    private static bool IsReplaceable(string directory, bool overwrite) =>
        !Directory.EnumerateFileSystemEntries(directory).Any()
        || (overwrite && File.Exists(Path.Combine(directory, ModelBundle.ManifestName)));

    private void Write(string path, ReadOnlySpan<byte> bytes)
    {
        var full = Path.Combine(_staging, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        using var stream = new FileStream(full, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        stream.Write(bytes);
        stream.Flush(flushToDisk: true);
    }
}
