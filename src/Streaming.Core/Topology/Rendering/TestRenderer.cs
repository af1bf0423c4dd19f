using Streaming.Core.Topology.Testing;

namespace Streaming.Core.Topology.Rendering;

/// <summary>Shows what <c>streaming topology test</c> found.</summary>
public static class TestRenderer
{
    /// <summary>A line a test, a line a difference, then the sums.</summary>
    public static void WriteText(TextWriter output, IReadOnlyList<TopologyTestResult> results)
    {
        foreach (var result in results)
        {
            output.WriteLine($"{(result.Passed ? "ok  " : "FAIL")}  {result.Case.Name}");
            foreach (var failure in result.Failures)
            {
                output.WriteLine($"      {result.Case.Position}: {failure}");
            }
        }

        output.WriteLine($"{results.Count(r => r.Passed)} passed, {results.Count(r => !r.Passed)} failed");
    }

    /// <summary>An object: <c>passed</c>, <c>failed</c>, <c>tests[] {name, file, line, column, passed, failures[]}</c>.</summary>
    public static void WriteJson(TextWriter output, IReadOnlyList<TopologyTestResult> results) => JsonText.Write(output, json =>
    {
        json.WriteStartObject();
        json.WriteNumber("passed", results.Count(r => r.Passed));
        json.WriteNumber("failed", results.Count(r => !r.Passed));
        json.WriteStartArray("tests");
        foreach (var result in results)
        {
            json.WriteStartObject();
            json.WriteString("name", result.Case.Name);
            JsonText.Place(json, result.Case.Position);
            json.WriteBoolean("passed", result.Passed);
            json.WriteStartArray("failures");
            foreach (var failure in result.Failures)
            {
                json.WriteStringValue(failure);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });
}
