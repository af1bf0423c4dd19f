using System.Text;
using Streaming.Adapters.Sqlite.Native;
using Streaming.Core;

namespace Streaming.Adapters.Sqlite.Log;

/// <summary>Says that one process at a time reads for a consumer group: a locked file, which the system frees when the process ends in whatever way.</summary>
internal static class GroupLease
{
    // Whoever only looks (IsTaken) holds the file for a moment, so a first refusal means little.
    private const int Tries = 10;

    internal static async Task<FileStream> TakeAsync(string storePath, string group, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return new FileStream(PathOf(storePath, group), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
            }
            catch (IOException) when (attempt < Tries)
            {
                await Task.Delay(10, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw InUse(storePath, group, e);
            }
        }
    }

    private static DependencyUnavailableException InUse(string storePath, string group, Exception e) =>
        new("group_in_use",
                $"Another process already reads for the group '{group}' in the store '{storePath}'. Stop it, or run under another name or data folder (--data, STREAMING_DATA).", e);

    internal static bool IsTaken(string storePath, string group)
    {
        var path = PathOf(storePath, group);
        if (!File.Exists(path))
            return false;
        try
        {
            using var probe = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    // Group names are free text; file names are not.
    private static string PathOf(string storePath, string group)
    {
        var sum = Checksum.Start(group.Length);
        sum.Add(Encoding.UTF8.GetBytes(group));
        return $"{storePath}-group-{sum.Value:x8}";
    }
}
