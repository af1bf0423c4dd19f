namespace Streaming.Core.Models.Registry;

/// <summary>Files that are whole or not there: written beside their place, flushed to disk, then moved over it.</summary>
public static class AtomicFile
{
    /// <summary>Writes a file; a reader sees the old bytes or the new ones. What a crash leaves behind ends in <c>.part</c>.</summary>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var part = $"{path}.{Guid.NewGuid():n}.part";
        using (var stream = new FileStream(part, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1))
        {
            stream.Write(bytes);
            stream.Flush(flushToDisk: true);
        }

        File.Move(part, path, overwrite: true);
    }

    /// <summary>Holds a lock file until disposed; the system frees it however the process ends.</summary>
    /// <param name="path">The file; it stays.</param>
    /// <returns>The lock, or null when another has it.</returns>
    public static IDisposable? TryLock(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
