using System.Formats.Tar;
using System.Security.Cryptography;

namespace Streaming.Core.Models.Bundle;

/// <summary>
/// A bundle as one file, to be carried elsewhere: a plain tar (POSIX ustar), the manifest first, the files by name, every time the same bytes.
/// What comes out has the digest of what went in. An archive is trusted in nothing: only files that the manifest declares, of the size and
/// the digest it declares, are taken.
/// </summary>
public static class ModelArchive
{
    private const int MaxManifestBytes = 16 * 1024 * 1024;
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Writes a bundle.</summary>
    /// <param name="bundle">The bundle; its files are verified on the way.</param>
    /// <param name="output">Receives the archive; stays the caller's.</param>
    public static void Write(ModelBundle bundle, Stream output)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        using var tar = new TarWriter(output, TarEntryFormat.Ustar, leaveOpen: true);
        var manifest = File.ReadAllBytes(Path.Combine(bundle.Directory, ModelBundle.ManifestName));
        if (Convert.ToHexStringLower(SHA256.HashData(manifest)) != bundle.Digest)
            throw new StreamingException("model_digest_mismatch", $"The manifest of '{bundle.Directory}' changed while it was read. Run the command again.");
        Add(tar, ModelBundle.ManifestName, manifest);
        foreach (var path in bundle.Manifest.Files.Keys.Order(StringComparer.Ordinal))
            Add(tar, path, bundle.Read(path));
    }

    /// <summary>Unpacks a bundle beside its place and moves it there whole.</summary>
    /// <param name="input">The archive.</param>
    /// <param name="directory">Where the bundle will lie; null: in <paramref name="root"/>, under its own name.</param>
    /// <param name="root">Folder of bundles.</param>
    /// <param name="overwrite">Whether a bundle that lies there is replaced.</param>
    /// <param name="digest">The digest it must have; null: any.</param>
    /// <returns>The bundle, opened and verified.</returns>
    /// <exception cref="StreamingException"><c>model_archive_invalid</c>, <c>model_digest_mismatch</c>, <c>model_exists</c>, and those of <see cref="ModelBundle.Open"/>.</exception>
    public static ModelBundle Read(Stream input, string? directory, string root, bool overwrite, string? digest = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        try
        {
            using var tar = new TarReader(input, leaveOpen: true);
            var bytes = Manifest(tar, input);
            var manifest = ModelBundle.Parse(bytes);
            var found = Convert.ToHexStringLower(SHA256.HashData(bytes));
            if (digest is not null && !found.Equals(digest, StringComparison.OrdinalIgnoreCase))
                throw new StreamingException("model_digest_mismatch", $"The archive holds {manifest.Name}@{manifest.Version} with the digest {found}, not {digest}. Get the right file, or leave the digest out if you trust this one.");
            using var writer = new ModelBundleWriter(directory ?? Path.Combine(root, manifest.Name), overwrite);
            var taken = new HashSet<string>(StringComparer.Ordinal);
            while (tar.GetNextEntry() is { } entry)
            {
                if (!taken.Add(entry.Name))
                    throw Invalid("it holds a file twice");
                writer.Add(entry.Name, Content(entry, manifest, input));
            }

            return writer.Complete(bytes);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw Invalid("it is no tar, or cut short", e);
        }
    }

    private static void Add(TarWriter tar, string path, byte[] bytes) => tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, path)
    {
        Mode = Mode,
        ModificationTime = DateTimeOffset.UnixEpoch,
        DataStream = new MemoryStream(bytes, writable: false),
    });

    private static byte[] Manifest(TarReader tar, Stream input)
    {
        if (tar.GetNextEntry() is not { } entry || entry.Name != ModelBundle.ManifestName || !IsFile(entry))
            throw Invalid($"its first entry is not {ModelBundle.ManifestName}");
        if (entry.Length > MaxManifestBytes)
            throw Invalid($"its manifest is larger than {MaxManifestBytes} bytes");
        return Bytes(entry, input);
    }

    private static byte[] Content(TarEntry entry, ModelManifest manifest, Stream input)
    {
        if (!IsFile(entry) || !manifest.Files.TryGetValue(entry.Name, out var declared))
            throw Invalid("it holds something that its manifest does not declare as a file");
        if (entry.Length != declared.Size)
            throw Invalid($"'{entry.Name}' has {entry.Length} bytes, its manifest says {declared.Size}");
        return Bytes(entry, input);
    }

    private static bool IsFile(TarEntry entry) => entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile;

    private static byte[] Bytes(TarEntry entry, Stream input)
    {
        // A small file that claims much must not take much memory.
        if (entry.Length > Array.MaxLength || (input.CanSeek && entry.Length > input.Length))
            throw Invalid("it is cut short");
        var bytes = new byte[entry.Length];
        entry.DataStream?.ReadExactly(bytes);
        return bytes;
    }

    private static StreamingException Invalid(string what, Exception? cause = null) =>
        new("model_archive_invalid", $"The archive is no model bundle: {what}. Make one with `streaming models export`.", ExitCode.Usage, cause);
}
