using System.CommandLine;
using System.Globalization;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Models.Bundle;

namespace Streaming.Cli.Models;

/// <summary><c>streaming models diff A B</c>: what changed, and whether it became better.</summary>
internal static class DiffCommand
{
    public static Command Create(CliContext context)
    {
        var from = new Argument<string>("FROM") { Description = "Name or folder of the older bundle" };
        var to = new Argument<string>("TO") { Description = "Name or folder of the newer bundle" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("diff", "Compare two bundles: files, labels, metrics").With(from, to, data, json).Does(context, (parsed, _) =>
        {
            var diff = BundleDiff.Of(Open(from), Open(to));
            if (parsed.GetValue(json))
                WriteJson(context.Out, diff);
            else
                WriteText(context.Out, diff);
            return Task.FromResult(ExitCode.Ok);

            ModelBundle Open(Argument<string> name) => ModelBundle.Open(BundleLocator.Find(context, parsed.GetValue(data), parsed.GetValue(name)!));
        });
    }

    private static void WriteText(TextWriter output, BundleDiff diff)
    {
        output.WriteLine($"{diff.From} → {diff.To}");
        output.WriteLine($"encoder: {(diff.IsEncoderChanged ? "changed" : "same")}, tokeniser: {(diff.IsTokenizerChanged ? "changed" : "same")}");
        foreach (var head in diff.Heads)
        {
            output.WriteLine();
            output.WriteLine($"{head.Name}: {head.Change}");
            if (head.LabelsAdded.Count > 0)
                output.WriteLine($"  labels added: {string.Join(", ", head.LabelsAdded)}");
            if (head.LabelsRemoved.Count > 0)
                output.WriteLine($"  labels removed: {string.Join(", ", head.LabelsRemoved)}");
            if (head.Metrics.Count == 0)
                continue;
            var rows = new List<IReadOnlyList<string>> { new[] { "  metric", "from", "to", "difference" } };
            foreach (var (metric, before, after) in head.Metrics)
            {
                rows.Add([
                    "  " + metric,
                    before is { } old ? MetricsText.Number(old) : "",
                    after is { } now ? MetricsText.Number(now) : "",
                    before is { } a && after is { } b ? (b - a).ToString("+0.0000;-0.0000;0.0000", CultureInfo.InvariantCulture) : "",
                ]);
            }

            TextTable.Write(output, rows);
        }
    }

    private static void WriteJson(TextWriter output, BundleDiff diff) => JsonText.WriteObject(output, writer =>
    {
        writer.WriteString("from", diff.From);
        writer.WriteString("to", diff.To);
        writer.WriteBoolean("encoder_changed", diff.IsEncoderChanged);
        writer.WriteBoolean("tokenizer_changed", diff.IsTokenizerChanged);
        writer.WriteStartArray("heads");
        foreach (var head in diff.Heads)
        {
            writer.WriteStartObject();
            writer.WriteString("name", head.Name);
            writer.WriteString("change", head.Change);
            writer.WriteStartArray("labels_added");
            foreach (var label in head.LabelsAdded)
                writer.WriteStringValue(label);
            writer.WriteEndArray();
            writer.WriteStartArray("labels_removed");
            foreach (var label in head.LabelsRemoved)
                writer.WriteStringValue(label);
            writer.WriteEndArray();
            writer.WriteStartObject("metrics");
            foreach (var (metric, before, after) in head.Metrics)
            {
                writer.WriteStartObject(metric);
                if (before is { } old)
                    writer.WriteNumber("from", old);
                if (after is { } now)
                    writer.WriteNumber("to", now);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });
}
