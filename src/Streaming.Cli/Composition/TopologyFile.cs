using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Core.Topology;

namespace Streaming.Cli.Composition;

/// <summary>Finds and loads topologies: by path, or by the name of one that is shipped.</summary>
internal static class TopologyFile
{
    /// <summary>The path of a topology.</summary>
    /// <param name="context">The world.</param>
    /// <param name="told">A file, or a name: <c>minimal</c> is <c>topologies/minimal.yaml</c>.</param>
    /// <exception cref="StreamingException"><c>topology_not_found</c>, with what there is.</exception>
    public static string Find(CliContext context, string told)
    {
        if (File.Exists(told) || !IsName(told))
            return told;
        var folder = Path.Combine(HomeFolder.Find(context), "topologies");
        var path = Path.Combine(folder, told + ".yaml");
        if (File.Exists(path))
            return path;
        throw new StreamingException(
            "topology_not_found",
            $"there is no file '{told}', and no topology of that name is shipped; there are: {string.Join(", ", Shipped(context).Select(Path.GetFileNameWithoutExtension))}");
    }

    /// <summary>Files of the shipped topologies, by name.</summary>
    public static IReadOnlyList<string> Shipped(CliContext context)
    {
        var folder = Path.Combine(HomeFolder.Find(context), "topologies");
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder, "*.yaml").Where(static file => !file.EndsWith(".tests.yaml", StringComparison.Ordinal)).Order(StringComparer.Ordinal)]
            : [];
    }

    /// <summary>Loads a topology; its warnings go to standard error.</summary>
    /// <exception cref="StreamingException"><c>topology_not_found</c>; <c>invalid_topology</c> with every error.</exception>
    public static CompiledTopology Load(CliContext context, string told)
    {
        var result = TopologyLoader.Load(Find(context, told), context.Environment);
        var topology = result.GetOrThrow();
        foreach (var warning in result.Diagnostics)
            context.Say(warning.ToString());
        return topology;
    }

    /// <summary>True for a word that could be a shipped topology's name, false for a path.</summary>
    public static bool IsName(string told) =>
        told.Length > 0 && !told.Contains('/') && !told.Contains(Path.DirectorySeparatorChar)
        && !told.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) && !told.EndsWith(".yml", StringComparison.OrdinalIgnoreCase);
}
