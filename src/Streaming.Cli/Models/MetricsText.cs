using System.Globalization;
using Streaming.Cli.CommandLine;
using Streaming.Core.Models.Bundle;

namespace Streaming.Cli.Models;

/// <summary>How good a head is, beside the baselines on the same data.</summary>
internal static class MetricsText
{
    /// <summary>Writes a table: a metric a row, a column for the head and for each baseline.</summary>
    public static void Write(TextWriter output, HeadManifest head)
    {
        if (head.Metrics.Count == 0)
            return;
        var baselines = head.Baselines.Keys.Order(StringComparer.Ordinal).ToList();
        var rows = new List<IReadOnlyList<string>> { new[] { "  metric", "head" }.Concat(baselines).ToList() };
        foreach (var (metric, value) in head.Metrics.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            rows.Add([
                "  " + metric, Number(value),
                .. baselines.Select(baseline => head.Baselines[baseline].TryGetValue(metric, out var other) ? Number(other) : ""),
            ]);
        }

        TextTable.Write(output, rows);
    }

    /// <summary>A score with four decimals.</summary>
    public static string Number(double value) => value.ToString("F4", CultureInfo.InvariantCulture);
}
