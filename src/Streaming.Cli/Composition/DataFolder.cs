using Streaming.Adapters.Sqlite;
using Streaming.Cli.CommandLine;
using Streaming.Core;

namespace Streaming.Cli.Composition;

/// <summary>Where the embedded store lies: told, or a folder of the user's own.</summary>
internal static class DataFolder
{
    /// <summary>Environment variable that says where.</summary>
    public const string Variable = "STREAMING_DATA";

    /// <summary>The folder: <c>--data</c>, then the variable, then the user's data directory. Need not exist.</summary>
    public static string Resolve(CliContext context, string? told)
    {
        if (string.IsNullOrEmpty(told))
            told = context.Variable(Variable);
        if (told is not null)
            return Path.GetFullPath(told);
        var root = context.Variable("XDG_DATA_HOME");
        if (root is null)
        {
            var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            root = home.Length > 0
                ? Path.Combine(home, ".local", "share")
                : throw new StreamingException("data_folder_unknown", $"the user has no home folder; say where data lies with --data DIR or {Variable}");
        }

        return Path.Combine(root, "streaming");
    }

    /// <summary>Opens the store in a data folder; makes both when they are not there.</summary>
    public static Task<EmbeddedStore> OpenStoreAsync(CliContext context, string? told, CancellationToken cancellationToken, EmbeddedStoreOptions? options = null) =>
        EmbeddedStore.OpenAsync(Path.Combine(Resolve(context, told), EmbeddedStore.FileName), options, context.Time, cancellationToken);

    /// <summary>Opens the store of a data folder, or gives null when there is none: looking makes nothing.</summary>
    public static async Task<EmbeddedStore?> OpenExistingStoreAsync(CliContext context, string? told, CancellationToken cancellationToken) =>
        Path.Exists(Path.Combine(Resolve(context, told), EmbeddedStore.FileName)) ? await OpenStoreAsync(context, told, cancellationToken) : null;
}
