using Streaming.Cli.CommandLine;
using Streaming.Core;

namespace Streaming.Cli.Composition;

/// <summary>Finds bundles by name: in the data folder's <c>models</c> first, then among those shipped.</summary>
internal static class BundleLocator
{
    /// <summary>Folders that hold bundles, in the order in which they are searched.</summary>
    public static IReadOnlyList<string> Roots(CliContext context, string? data) =>
        [Path.Combine(DataFolder.Resolve(context, data), "models"), Path.Combine(HomeFolder.Find(context), "models")];

    /// <summary>The folder of a bundle.</summary>
    /// <param name="context">The world.</param>
    /// <param name="data">The data folder, when told.</param>
    /// <param name="name"><c>name</c>, <c>name@version</c>, or a folder (a path with a separator, or one that exists).</param>
    /// <exception cref="StreamingException"><c>model_not_found</c>, with what there is.</exception>
    public static string Find(CliContext context, string? data, string name)
    {
        if (name.Contains(Path.DirectorySeparatorChar) || name is "." or "..")
            return File.Exists(Path.Combine(name, "manifest.json")) ? Path.GetFullPath(name) : throw Missing(name, "that folder has no manifest.json");
        var roots = Roots(context, data);
        foreach (var root in roots)
        {
            var folder = Path.Combine(root, name);
            if (File.Exists(Path.Combine(folder, "manifest.json")))
                return folder;
        }

        var known = roots.Where(Directory.Exists).SelectMany(Directory.EnumerateDirectories)
            .Where(folder => File.Exists(Path.Combine(folder, "manifest.json"))).Select(folder => Path.GetFileName(folder)!).Distinct().Order(StringComparer.Ordinal).ToList();
        throw Missing(name, known.Count == 0 ? "there are no bundles" : $"there are: {string.Join(", ", known)}");
    }

    private static StreamingException Missing(string name, string what) =>
        new("model_not_found", $"no model bundle is called '{name}': {what}. Import one with: streaming models import DIR --name NAME", ExitCode.Usage);
}
