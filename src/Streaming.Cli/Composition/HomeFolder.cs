using Streaming.Cli.CommandLine;
using Streaming.Core;

namespace Streaming.Cli.Composition;

/// <summary>Where the shipped topologies and models lie.</summary>
internal static class HomeFolder
{
    /// <summary>Environment variable that says where.</summary>
    public const string Variable = "STREAMING_HOME";

    /// <summary>The folder that holds <c>topologies</c> and <c>models</c>.</summary>
    /// <exception cref="StreamingException"><c>home_not_found</c>.</exception>
    public static string Find(CliContext context)
    {
        if (context.Variable(Variable) is { } told)
            return Path.GetFullPath(told);
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Directory.Exists(Path.Combine(folder.FullName, "topologies")) && Directory.Exists(Path.Combine(folder.FullName, "models")))
                return folder.FullName;
        }

        throw new StreamingException("home_not_found", $"cannot find the folder with 'topologies' and 'models'; set {Variable} to it");
    }
}
