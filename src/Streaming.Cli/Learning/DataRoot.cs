using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;

namespace Streaming.Cli.Learning;

/// <summary>Where the data sets lie that recipes name.</summary>
internal static class DataRoot
{
    /// <summary>Environment variable that names the shared folder.</summary>
    public const string Variable = "STREAMING_SHARED";

    /// <summary>The folder: told, else <c>data</c> in the shared folder.</summary>
    /// <exception cref="StreamingException"><c>data_root_not_found</c>.</exception>
    public static string Find(CliContext context, string? told)
    {
        if (told is not null)
            return Directory.Exists(told) ? Path.GetFullPath(told) : throw Missing($"there is no folder '{told}'");
        var shared = context.Variable(Variable) ?? Path.Combine(HomeFolder.Find(context), "..", "shared");
        var data = Path.GetFullPath(Path.Combine(shared, "data"));
        return Directory.Exists(data) ? data : throw Missing("it is not known where the data sets lie");
    }

    private static StreamingException Missing(string what) =>
        new("data_root_not_found", $"{what}; say where with --data-root DIR, or set {Variable} to the folder that holds 'data'");
}
