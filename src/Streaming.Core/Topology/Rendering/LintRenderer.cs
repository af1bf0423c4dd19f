namespace Streaming.Core.Topology.Rendering;

/// <summary>Shows what <c>streaming topology lint</c> found.</summary>
public static class LintRenderer
{
    /// <summary>A line a finding, then a line with the verdict.</summary>
    public static void WriteText(TextWriter output, string file, TopologyLoadResult result)
    {
        foreach (var diagnostic in result.Diagnostics)
        {
            output.WriteLine(diagnostic.ToString());
        }

        var errors = result.Diagnostics.Count(d => d.Severity == DiagnosticSeverity.Error);
        var warnings = result.Diagnostics.Count - errors;
        var found = (errors, warnings) switch
        {
            (0, 0) => "no errors",
            (0, _) => $"no errors, {Count(warnings, "warning")}",
            (_, 0) => Count(errors, "error"),
            _ => $"{Count(errors, "error")}, {Count(warnings, "warning")}",
        };
        output.WriteLine($"{file}: {found}");
    }

    /// <summary>An object: <c>file</c>, <c>valid</c>, <c>errors</c>, <c>warnings</c>, <c>diagnostics[] {severity, code, file, line, column, message, hint}</c>.</summary>
    public static void WriteJson(TextWriter output, string file, TopologyLoadResult result) => JsonText.Write(output, json =>
    {
        json.WriteStartObject();
        json.WriteString("file", file);
        json.WriteBoolean("valid", result.IsValid);
        json.WriteNumber("errors", result.Diagnostics.Count(d => d.Severity == DiagnosticSeverity.Error));
        json.WriteNumber("warnings", result.Diagnostics.Count(d => d.Severity == DiagnosticSeverity.Warning));
        json.WriteStartArray("diagnostics");
        foreach (var diagnostic in result.Diagnostics)
        {
            json.WriteStartObject();
            json.WriteString("severity", diagnostic.Severity == DiagnosticSeverity.Error ? "error" : "warning");
            json.WriteString("code", diagnostic.Code);
            JsonText.Place(json, diagnostic.Position);
            json.WriteString("message", diagnostic.Message);
            if (diagnostic.Hint is not null)
            {
                json.WriteString("hint", diagnostic.Hint);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static string Count(int number, string noun) => number == 1 ? $"1 {noun}" : $"{number} {noun}s";
}
