using System.CommandLine;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Models.Bundle;

namespace Streaming.Cli.Models;

/// <summary><c>streaming models list</c>: reads manifests only, so it is quick; <c>verify</c> reads everything.</summary>
internal static class ListCommand
{
    public static Command Create(CliContext context)
    {
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var registry = RegistryAccess.Option();
        registry.Arity = ArgumentArity.ZeroOrOne;
        registry.Description = "List the channels of a registry and their decisions instead (default: the one in the data folder)";
        return new Command("list", "List model bundles").With(registry, data, json).Does(context, (parsed, _) =>
        {
            if (parsed.GetResult(registry) is not null)
            {
                RegistryCommands.List(context, RegistryAccess.Open(context, parsed.GetValue(data), parsed.GetValue(registry)), parsed.GetValue(json));
                return Task.FromResult(ExitCode.Ok);
            }

            var found = BundleLocator.Roots(context, parsed.GetValue(data)).SelectMany(Folders).Select(Read).ToList();
            if (parsed.GetValue(json))
                WriteJson(context.Out, found);
            else
                WriteTable(context, found);
            return Task.FromResult(ExitCode.Ok);
        });
    }

    /// <summary>Folders below a root that hold a bundle, in order.</summary>
    public static IEnumerable<string> Folders(string root) => !Directory.Exists(root)
        ? []
        : Directory.EnumerateDirectories(root).Where(static folder => File.Exists(Path.Combine(folder, ModelBundle.ManifestName))).Order(StringComparer.Ordinal);

    private static (string Folder, ModelManifest? Manifest, StreamingException? Error) Read(string folder)
    {
        try
        {
            return (folder, ModelBundle.Parse(File.ReadAllBytes(Path.Combine(folder, ModelBundle.ManifestName))), null);
        }
        catch (StreamingException error)
        {
            return (folder, null, error);
        }
    }

    private static void WriteJson(TextWriter output, List<(string Folder, ModelManifest? Manifest, StreamingException? Error)> found) =>
        JsonText.WriteObject(output, writer =>
        {
            writer.WriteStartArray("bundles");
            foreach (var (folder, manifest, error) in found)
            {
                writer.WriteStartObject();
                if (manifest is not null)
                {
                    BundleText.WriteMembers(writer, folder, manifest, digest: null);
                }
                else
                {
                    writer.WriteString("directory", folder);
                    writer.WriteString("error", error!.Code);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });

    private static void WriteTable(CliContext context, List<(string Folder, ModelManifest? Manifest, StreamingException? Error)> found)
    {
        if (found.Count == 0)
        {
            context.Say("there are no model bundles; import one with: streaming models import DIR --name NAME");
            return;
        }

        var rows = new List<IReadOnlyList<string>> { new[] { "BUNDLE", "PRECISION", "SIZE", "HEADS", "FOLDER" } };
        foreach (var (folder, manifest, error) in found)
        {
            rows.Add(manifest is not null
                ? [BundleText.NameOf(manifest), manifest.Encoder.Precision, BundleText.Size(manifest), BundleText.Heads(manifest), folder]
                : [Path.GetFileName(folder), "", "", error!.Code, folder]);
        }

        TextTable.Write(context.Out, rows);
    }
}
