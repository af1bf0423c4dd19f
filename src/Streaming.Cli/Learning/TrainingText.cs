using System.Globalization;
using System.Text.Json;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Training;

namespace Streaming.Cli.Learning;

/// <summary>What a training shows: how far it is, and what came of it.</summary>
internal static class TrainingText
{
    /// <summary>Passes progress on.</summary>
    public static void Show(ProgressLine progress, TrainingProgress at)
    {
        var detail = at.Loss is { } loss ? string.Create(CultureInfo.InvariantCulture, $"{at.Done} of at most {at.Total}, loss {loss:F4}") : null;
        if (at.Metrics is { } metrics)
            detail = string.Join(", ", metrics.Select(static m => string.Create(CultureInfo.InvariantCulture, $"{m.Key} {m.Value:F4}")));
        progress.Report(at.Head.Length == 0 ? at.Stage : $"{at.Head}: {at.Stage}", at.Done, at.Total, detail);
    }

    /// <summary>The bundle and its figures for people.</summary>
    public static void Write(CliContext context, ModelBundle bundle, double seconds)
    {
        context.Say(string.Create(CultureInfo.InvariantCulture, $"trained in {seconds:F1} s"));
        context.Out.WriteLine($"{BundleText.NameOf(bundle.Manifest)}  {BundleText.Size(bundle.Manifest)}  {bundle.Directory}");
        foreach (var head in bundle.Manifest.Heads)
        {
            context.Out.WriteLine();
            context.Out.WriteLine($"{head.Name}: {BundleText.TaskName(head.Task)}");
            MetricsText.Write(context.Out, head);
        }
    }

    /// <summary>The same for programs.</summary>
    public static void WriteJson(TextWriter output, ModelBundle bundle, double seconds) => JsonText.WriteObject(output, writer =>
    {
        writer.WriteString("directory", bundle.Directory);
        writer.WriteString("digest", bundle.Digest);
        writer.WriteNumber("seconds", seconds);
        writer.WritePropertyName("manifest");
        JsonSerializer.Serialize(writer, bundle.Manifest, ManifestJson.OnDisk.ModelManifest);
    });
}
