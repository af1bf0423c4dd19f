using System.CommandLine;
using System.Text.Json;
using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Learning.Data;
using Streaming.Learning.Data.Inspection;

namespace Streaming.Cli.Data;

/// <summary><c>streaming data lint FILE [--against FILE]</c>: what a person should look at before training on a file.</summary>
internal static class LintCommand
{
    public static Command Create(CliContext context)
    {
        var file = new Argument<string>("FILE") { Description = "Annotated file; .gz is unpacked" };
        var against = new Option<string[]>("--against") { Description = "Another part, such as the test set: no text may be in both; can be given several times", HelpName = "FILE" };
        var columns = new DataColumns();
        var json = CommonOptions.Json();
        return new Command("lint", "Find overlaps, contradictions, broken or empty annotations, imbalance; exit code 1 when something is wrong")
            .With(file, against).With([.. columns.All]).With(json)
            .Does(context, (parsed, _) =>
            {
                var path = parsed.GetValue(file)!;
                var others = new Dictionary<string, IReadOnlyList<Sample>>(StringComparer.Ordinal);
                foreach (var other in parsed.GetValue(against) ?? [])
                    others[other] = columns.Load(parsed, other);
                var samples = columns.Load(parsed, path);
                var findings = DataLint.Check(samples, others);
                if (parsed.GetValue(json))
                    WriteJson(context.Out, path, samples.Count, findings);
                else
                    WriteText(context.Out, path, samples.Count, findings);
                return Task.FromResult(findings.Any(static f => f.IsError) ? ExitCode.CheckFailed : ExitCode.Ok);
            });
    }

    private static void WriteText(TextWriter output, string path, int samples, IReadOnlyList<DataFinding> findings)
    {
        foreach (var finding in findings)
        {
            output.WriteLine($"{(finding.IsError ? "error" : "note")} {finding.Code}: {finding.Message}");
            foreach (var place in finding.Places)
                output.WriteLine($"    {TerminalText.Line(place)}");
            if (finding.Count > finding.Places.Count && finding.Places.Count > 0)
                output.WriteLine($"    and {finding.Count - finding.Places.Count} more");
        }

        output.WriteLine($"{Path.GetFileName(path)}: {samples} samples, {findings.Count(static f => f.IsError)} errors, {findings.Count(static f => !f.IsError)} notes");
    }

    private static void WriteJson(TextWriter output, string path, int samples, IReadOnlyList<DataFinding> findings) => JsonText.WriteObject(output, writer =>
    {
        writer.WriteString("file", Path.GetFileName(path));
        writer.WriteNumber("samples", samples);
        writer.WriteStartArray("findings");
        foreach (var finding in findings)
        {
            writer.WriteStartObject();
            writer.WriteString("code", finding.Code);
            writer.WriteBoolean("error", finding.IsError);
            writer.WriteNumber("count", finding.Count);
            writer.WriteString("message", finding.Message);
            writer.WriteStartArray("places");
            foreach (var place in finding.Places)
                writer.WriteStringValue(place);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });
}
