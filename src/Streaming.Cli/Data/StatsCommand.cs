using System.CommandLine;
using System.Globalization;
using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Learning.Data.Inspection;

namespace Streaming.Cli.Data;

/// <summary><c>streaming data stats FILE</c>: what a file consists of.</summary>
internal static class StatsCommand
{
    public static Command Create(CliContext context)
    {
        var file = new Argument<string>("FILE") { Description = "Annotated file; .gz is unpacked" };
        var columns = new DataColumns();
        var json = CommonOptions.Json();
        return new Command("stats", "Count samples, words, labels and surfaces").With(file).With([.. columns.All]).With(json).Does(context, (parsed, _) =>
        {
            var path = parsed.GetValue(file)!;
            var statistics = DataStatistics.Of(columns.Load(parsed, path));
            if (parsed.GetValue(json))
                WriteJson(context.Out, path, statistics);
            else
                WriteText(context.Out, path, statistics);
            return Task.FromResult(ExitCode.Ok);
        });
    }

    private static void WriteText(TextWriter output, string path, DataStatistics statistics)
    {
        output.WriteLine($"{Path.GetFileName(path)}: {statistics.Samples} samples{(statistics.Documents > 0 ? $" in {statistics.Documents} documents" : "")}, {statistics.DistinctTexts} different, {statistics.Words} words, {statistics.Annotated} annotated");
        output.WriteLine($"characters a text: half up to {statistics.Length.Median}, 95 % up to {statistics.Length.Percentile95}, longest {statistics.Length.Longest}");
        if (statistics.Labels.Count == 0)
            return;
        var spans = statistics.Labels.Values.Any(static l => l.Surfaces > 0);
        var rows = new List<IReadOnlyList<string>> { spans ? new[] { "LABEL", "COUNT", "SURFACES", "WORDS" } : ["LABEL", "COUNT", "SHARE"] };
        var total = statistics.Labels.Values.Sum(static l => l.Count);
        foreach (var (label, summary) in statistics.Labels.OrderByDescending(static l => l.Value.Count))
        {
            var count = summary.Count.ToString(CultureInfo.InvariantCulture);
            rows.Add(spans
                ? [TerminalText.Line(label), count, summary.Surfaces.ToString(CultureInfo.InvariantCulture), summary.MeanWords.ToString("F2", CultureInfo.InvariantCulture)]
                : [TerminalText.Line(label), count, ((double)summary.Count / total).ToString("P1", CultureInfo.InvariantCulture)]);
        }

        TextTable.Write(output, rows);
        if (spans)
            output.WriteLine($"{statistics.AmbiguousSurfaces} surfaces occur with more than one label");
    }

    private static void WriteJson(TextWriter output, string path, DataStatistics statistics) => JsonText.WriteObject(output, writer =>
    {
        writer.WriteString("file", Path.GetFileName(path));
        writer.WriteNumber("samples", statistics.Samples);
        writer.WriteNumber("documents", statistics.Documents);
        writer.WriteNumber("distinct_texts", statistics.DistinctTexts);
        writer.WriteNumber("words", statistics.Words);
        writer.WriteNumber("annotated", statistics.Annotated);
        writer.WriteNumber("ambiguous_surfaces", statistics.AmbiguousSurfaces);
        writer.WriteStartObject("length");
        writer.WriteNumber("median", statistics.Length.Median);
        writer.WriteNumber("p95", statistics.Length.Percentile95);
        writer.WriteNumber("max", statistics.Length.Longest);
        writer.WriteEndObject();
        writer.WriteStartObject("labels");
        foreach (var (label, summary) in statistics.Labels)
        {
            writer.WriteStartObject(label);
            writer.WriteNumber("count", summary.Count);
            writer.WriteNumber("surfaces", summary.Surfaces);
            writer.WriteNumber("mean_words", summary.MeanWords);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    });
}
