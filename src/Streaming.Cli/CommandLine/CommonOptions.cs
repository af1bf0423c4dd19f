using System.CommandLine;

namespace Streaming.Cli.CommandLine;

/// <summary>Options that mean the same wherever they stand. Each call makes a new one, for one command.</summary>
internal static class CommonOptions
{
    /// <summary><c>--data DIR</c>.</summary>
    public static Option<string?> Data() => new("--data")
    {
        Description = "Folder of the embedded store (STREAMING_DATA; default: a folder of the user's)",
        HelpName = "DIR",
    };

    /// <summary><c>--json</c>.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Print JSON, for programs" };

    /// <summary><c>--bundle B</c>.</summary>
    public static Option<string> Bundle() => new("--bundle")
    {
        Description = "Model bundle: a name (starter), name@version, or a folder",
        HelpName = "BUNDLE",
        DefaultValueFactory = static _ => "starter",
    };

    /// <summary><c>--threads N</c>.</summary>
    public static Option<int> Threads() => new("--threads")
    {
        Description = "Model calls at once, one thread each; 0: one a core",
        HelpName = "N",
    };
}
