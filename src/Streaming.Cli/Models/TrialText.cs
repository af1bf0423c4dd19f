using System.Globalization;
using Streaming.Cli.CommandLine;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Evaluating;

namespace Streaming.Cli.Models;

/// <summary>What <c>models optimise</c> found, for people and for programs.</summary>
internal static class TrialText
{
    public static void Write(TextWriter output, ModelBundle bundle, IReadOnlyList<FormResult> results, EvaluationRequest? dev, ModelBundle? written)
    {
        output.WriteLine($"{BundleText.NameOf(bundle.Manifest)}, now {bundle.Manifest.Encoder.Precision}");
        var rows = new List<IReadOnlyList<string>> { Heading(dev is not null) };
        foreach (var result in results)
        {
            var best = result.Speeds[0];
            List<string> row =
            [
                result.Form, Number(result.Bytes / 1e6, "F1"), Number(best.TokensPerSecond, "N0"), Number(best.TokensPerSecond / results[0].Speeds[0].TokensPerSecond, "F2"),
                $"{best.Passes}x{best.Threads}", Number(best.BatchTokens, "F0"), Number(result.Likeness, "F4"),
            ];
            if (result.Dev is { } report)
                row.AddRange([Number(100 * report.MicroF1, "F2"), Number(100 * (report.MicroF1 - results[0].Dev!.MicroF1), "F2"), Number(100 * report.MicroF1Low, "F1"), Number(100 * report.MicroF1High, "F1")]);
            rows.Add(row);
        }

        TextTable.Write(output, rows);
        if (dev is not null)
            output.WriteLine($"{BundleText.TaskName(dev.Task)} on {Path.GetFileName(dev.File)}, {results[0].Dev!.Samples} samples: micro F1 (texts: accuracy) in per cent, change against {results[0].Form}, 95 % interval");
        if (written is not null)
            output.WriteLine($"{BundleText.NameOf(written.Manifest)}  {written.Manifest.Encoder.Precision}  {BundleText.Size(written.Manifest)}  {written.Directory}");
    }

    public static void WriteJson(TextWriter output, ModelBundle bundle, IReadOnlyList<FormResult> results, ModelBundle? written) => JsonText.WriteObject(output, writer =>
    {
        writer.WriteString("bundle", BundleText.NameOf(bundle.Manifest));
        writer.WriteStartArray("forms");
        foreach (var result in results)
        {
            writer.WriteStartObject();
            writer.WriteString("form", result.Form);
            writer.WriteNumber("bytes", result.Bytes);
            writer.WriteNumber("likeness", result.Likeness);
            if (result.Dev is { } report)
            {
                writer.WriteNumber("dev_micro_f1", report.MicroF1);
                writer.WriteNumber("dev_difference", report.MicroF1 - results[0].Dev!.MicroF1);
                writer.WriteNumber("dev_samples", report.Samples);
            }

            writer.WriteStartArray("speeds");
            foreach (var speed in result.Speeds)
            {
                writer.WriteStartObject();
                writer.WriteNumber("passes", speed.Passes);
                writer.WriteNumber("threads", speed.Threads);
                writer.WriteNumber("max_batch_tokens", speed.BatchTokens);
                writer.WriteNumber("tokens_per_second", speed.TokensPerSecond);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (written is not null)
            writer.WriteString("written", written.Directory);
    });

    private static List<string> Heading(bool hasDev)
    {
        List<string> heading = ["FORM", "MB", "TOKENS/S", "SPEED", "PASSES x THREADS", "BATCH TOKENS", "COSINE"];
        if (hasDev)
            heading.AddRange(["DEV", "CHANGE", "LOW", "HIGH"]);
        return heading;
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
