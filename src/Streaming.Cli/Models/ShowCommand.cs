using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Models.Bundle;

namespace Streaming.Cli.Models;

/// <summary><c>streaming models show BUNDLE</c>.</summary>
internal static class ShowCommand
{
    public static Command Create(CliContext context)
    {
        var name = new Argument<string>("BUNDLE") { Description = "Name or folder" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("show", "Show what a bundle is, what it was made from and how good it is").With(name, data, json).Does(context, (parsed, _) =>
        {
            var bundle = ModelBundle.Open(BundleLocator.Find(context, parsed.GetValue(data), parsed.GetValue(name)!));
            if (parsed.GetValue(json))
            {
                JsonText.WriteObject(context.Out, writer =>
                {
                    writer.WriteString("directory", bundle.Directory);
                    writer.WriteString("digest", bundle.Digest);
                    writer.WritePropertyName("manifest");
                    JsonSerializer.Serialize(writer, bundle.Manifest, ManifestJson.OnDisk.ModelManifest);
                });
            }
            else
            {
                Write(context.Out, bundle);
            }

            return Task.FromResult(ExitCode.Ok);
        });
    }

    private static void Write(TextWriter output, ModelBundle bundle)
    {
        var manifest = bundle.Manifest;
        var encoder = manifest.Encoder;
        var rows = new List<IReadOnlyList<string>>
        {
            new[] { "bundle", BundleText.NameOf(manifest) },
            new[] { "folder", bundle.Directory },
            new[] { "digest", bundle.Digest },
            new[] { "made from", manifest.Parent ?? "a checkpoint" },
            new[] { "size", BundleText.Size(manifest) },
            new[] { "encoder", string.Create(CultureInfo.InvariantCulture, $"{encoder.Family}, {encoder.Precision}, {encoder.Dimensions} wide, layers {string.Join(' ', encoder.Layers)}, at most {encoder.MaxSequenceLength} tokens") },
            new[] { "tokeniser", manifest.Tokenizer.Kind + (manifest.Tokenizer.LowerCase ? ", lower-cased" : ", cased") },
            new[] { "licence", manifest.Licence },
        };
        TextTable.Write(output, rows);
        foreach (var line in manifest.Attribution)
            output.WriteLine($"  {line}");
        foreach (var head in manifest.Heads)
        {
            output.WriteLine();
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{head.Name}: {BundleText.TaskName(head.Task)}, {head.Kind.ToName()} on layers {string.Join(' ', head.Layers)}{(head.WordShape ? " and word shapes" : "")}, temperature {head.Temperature:F3}"));
            output.WriteLine($"  labels: {string.Join(", ", head.Labels)}");
            MetricsText.Write(output, head);
        }

        if (manifest.Training is not { } training)
            return;
        output.WriteLine();
        if (training.FineTuned is not null)
            output.WriteLine($"encoder fine-tuned: {training.FineTuned}");
        output.WriteLine($"trained by recipe {training.Recipe[..12]} on");
        foreach (var source in training.Data)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {source.Name}: {source.Rows} rows, {source.Licence}"));
    }
}
