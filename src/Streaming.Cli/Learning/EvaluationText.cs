using System.Globalization;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Models;
using Streaming.Learning.Evaluating;
using Streaming.Learning.Metrics;

namespace Streaming.Cli.Learning;

/// <summary>A report for people.</summary>
internal static class EvaluationText
{
    /// <summary>Writes the totals and a row a type.</summary>
    public static void Write(TextWriter output, EvaluationReport report)
    {
        output.WriteLine($"{report.Bundle}  {report.Task}  {report.Data}  {report.Samples} samples");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"micro F1 {report.MicroF1:F4} (95 %: {report.MicroF1Low:F4} to {report.MicroF1High:F4})  macro F1 {report.MacroF1:F4}  accuracy {report.Accuracy:F4}  calibration error {report.Ece:F4}"));
        if (report.Against is { } against)
            output.WriteLine(against.Describe(report.Bundle));
        if (report.RawTextMicroF1 is { } raw)
            output.WriteLine($"micro F1 as running text {MetricsText.Number(raw)}");
        var rows = new List<IReadOnlyList<string>> { new[] { "", "PRECISION", "RECALL", "F1", "SUPPORT" } };
        foreach (var (type, score) in report.PerType)
            rows.Add(Row(type, score));
        if (report.Terms is { } terms)
            rows.Add(Row("terms", terms));
        if (report.Categories is { } categories)
            rows.Add(Row("categories", categories));
        if (report.Pairs is { } pairs)
            rows.Add(Row(report.Terms is null ? "categories with polarity" : "terms with polarity", pairs));
        TextTable.Write(output, rows);
    }

    private static string[] Row(string name, PrecisionRecall score) =>
    [
        name, MetricsText.Number(score.Precision), MetricsText.Number(score.Recall), MetricsText.Number(score.F1),
        score.Support.ToString(CultureInfo.InvariantCulture),
    ];
}
