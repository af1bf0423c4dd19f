using System.Globalization;
using System.Text;
using Streaming.Cli.CommandLine;
using Streaming.Server.Analysis;

namespace Streaming.Cli.Predicting;

/// <summary>Shows one text's annotations to people: marked in the text on a terminal, and as a table.</summary>
internal static class PredictionPrinter
{
    /// <summary>Writes a result.</summary>
    public static void Write(TextWriter output, Paint paint, AnalyzeResult result)
    {
        if (paint.IsOn)
            WriteMarked(output, paint, result);
        var rows = new List<(string Kind, string What, double Confidence)>();
        rows.AddRange(result.Entities.Select(static e => (e.Type, e.Text, e.Confidence)));
        rows.AddRange(result.Aspects.Select(static a => ("aspect", $"{a.Term} ({a.Sentiment})", a.Confidence)));
        rows.AddRange((result.AspectCategories ?? []).Select(static c => ("category", $"{c.Category} ({c.Sentiment})", c.Confidence)));
        rows.AddRange(result.Topics.Select(static t => ("topic", t.Label, t.Confidence)));
        if (result.Sentiment is { } sentiment)
            rows.Add(("sentiment", sentiment.Label, sentiment.Confidence));
        var width = rows.Count == 0 ? 0 : rows.Max(static row => row.Kind.Length);
        foreach (var (kind, what, confidence) in rows)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind.PadRight(width)}  {confidence:0.00}  ") + TerminalText.Line(what));
        if (rows.Count == 0)
            output.WriteLine("nothing found");
        if (result.Coverage < 1)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the model saw {result.Coverage:0.0%} of the text"));
        output.WriteLine(paint.Faint($"model {result.Model} {result.ModelVersion}"));
    }

    private static void WriteMarked(TextWriter output, Paint paint, AnalyzeResult result)
    {
        var kinds = result.Entities.Select(static e => e.Type).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        string Style(string kind) => "1;" + Paint.Palette[kinds.IndexOf(kind) % Paint.Palette.Count];
        var marks = result.Entities.Select(e => (e.Start, e.End, Style: Style(e.Type)))
            .Concat(result.Aspects.Select(static a => (a.Start, a.End, Style: "4")))
            .OrderBy(static mark => mark.Start).ThenByDescending(static mark => mark.End);
        var text = new StringBuilder();
        var at = 0;
        foreach (var mark in marks)
        {
            if (mark.Start < at)
                continue;
            TerminalText.AppendLine(text, result.Text.AsSpan(at, mark.Start - at));
            text.Append(paint.In(mark.Style, TerminalText.Line(result.Text[mark.Start..mark.End])));
            at = mark.End;
        }

        TerminalText.AppendLine(text, result.Text.AsSpan(at));
        output.WriteLine(text.ToString());
        var legend = kinds.Select(kind => paint.In(Style(kind), kind)).ToList();
        if (result.Aspects.Count > 0)
            legend.Add(paint.In("4", "aspect"));
        if (legend.Count > 0)
            output.WriteLine(string.Join("  ", legend));
        output.WriteLine();
    }
}
