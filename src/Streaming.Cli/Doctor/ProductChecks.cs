using System.Globalization;
using Streaming.Adapters.Sqlite;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Topology;

namespace Streaming.Cli.Doctor;

/// <summary>Model bundles, data folder and shipped topologies.</summary>
internal static class ProductChecks
{
    /// <summary>Looks at them; nothing is made or changed.</summary>
    public static IEnumerable<Check> Run(CliContext context, string? data)
    {
        string? noHome = null;
        try
        {
            HomeFolder.Find(context);
        }
        catch (StreamingException error)
        {
            noHome = error.Message;
        }

        if (noHome is not null)
            yield return new Check("machine", "home", CheckState.Broken, "missing", noHome);
        foreach (var check in noHome is null ? Bundles(context, data) : [])
            yield return check;
        yield return Data(context, data);
        foreach (var file in noHome is null ? TopologyFile.Shipped(context) : [])
            yield return Topology(context, file);
    }

    private static IEnumerable<Check> Bundles(CliContext context, string? data)
    {
        var found = 0;
        foreach (var root in BundleLocator.Roots(context, data).Where(Directory.Exists))
        {
            foreach (var folder in Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal))
            {
                if (!File.Exists(Path.Combine(folder, ModelBundle.ManifestName)))
                    continue;
                found++;
                yield return Bundle(folder);
            }
        }

        if (found == 0)
            yield return new Check("models", "bundles", CheckState.Broken, "none", "make one with: streaming models import DIR --name NAME");
    }

    private static Check Bundle(string folder)
    {
        var name = Path.GetFileName(folder);
        try
        {
            var manifest = ModelBundle.Open(folder).Manifest;
            var heads = string.Join(", ", manifest.Heads.Select(static head => head.Name));
            return new Check("models", name, CheckState.Ok, $"{manifest.Name} {manifest.Version}, {manifest.Encoder.Precision}", $"verified; heads: {(heads.Length == 0 ? "none" : heads)}; {folder}");
        }
        catch (StreamingException error)
        {
            return new Check("models", name, CheckState.Broken, error.Code, $"{error.Message} ({folder})");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Check("models", name, CheckState.Broken, "unreadable", $"{error.Message} ({folder})");
        }
    }

    private static Check Data(CliContext context, string? data)
    {
        try
        {
            var folder = DataFolder.Resolve(context, data);
            var store = new FileInfo(Path.Combine(folder, EmbeddedStore.FileName));
            if (File.Exists(folder))
                return new Check("data", "folder", CheckState.Broken, folder, "is a file; choose another with --data or STREAMING_DATA");
            return store.Exists
                ? new Check("data", "folder", CheckState.Ok, folder, string.Create(CultureInfo.InvariantCulture, $"a store of {store.Length / 1_000_000.0:0.0} MB"))
                : new Check("data", "folder", CheckState.Ok, folder, "nothing stored yet");
        }
        catch (StreamingException error)
        {
            return new Check("data", "folder", CheckState.Broken, error.Code, error.Message);
        }
    }

    private static Check Topology(CliContext context, string file)
    {
        var result = TopologyLoader.Load(file, context.Environment);
        return new Check(
            "topologies", Path.GetFileNameWithoutExtension(file), result.IsValid ? CheckState.Ok : CheckState.Broken,
            result.IsValid ? "valid" : "invalid", result.Diagnostics.Count == 0 ? null : string.Join("; ", result.Diagnostics));
    }
}
