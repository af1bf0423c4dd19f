using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Streaming.Learning.Data;
using Streaming.Learning.Metrics;

namespace Streaming.Learning.Evaluating;

/// <summary>
/// Writes a report as one HTML file that needs nothing else: figures, a row a type, a reliability diagram, confusion, the surest errors
/// marked in their text. Nothing in it can run, whatever the texts hold.
/// </summary>
public static class EvaluationPage
{
    private const string Style = """
        :root { color-scheme: light dark; --line: #8884; --bar: #4a7fd6; --gap: #d6694a; --soft: #8882 }
        body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
        h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2.2rem }
        table { border-collapse: collapse } th, td { padding: .2rem .7rem; border-bottom: 1px solid var(--line); text-align: right }
        th:first-child, td:first-child { text-align: left } .note { opacity: .75 }
        .figures { display: flex; flex-wrap: wrap; gap: .8rem } .figures div { background: var(--soft); border-radius: .5rem; padding: .6rem 1rem }
        .figures b { display: block; font-size: 1.35rem }
        svg { max-width: 26rem; height: auto } svg text { font-size: 10px; fill: currentColor }
        .error { border-left: 3px solid var(--line); padding: .1rem .8rem; margin: .7rem 0; overflow-wrap: anywhere; white-space: pre-wrap }
        .error p { margin: .15rem 0 } .error .kind { opacity: .7; white-space: normal; font-size: .85rem }
        mark { background: #6a96; color: inherit; border-radius: .2rem; padding: 0 .15rem } mark.wrong { background: #d646 } mark.missed { background: #da46 }
        sub { font-size: .7rem; opacity: .8 }
        """;

    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    /// <summary>Writes the page.</summary>
    /// <param name="output">UTF-8.</param>
    /// <param name="report">With its details.</param>
    public static void Write(TextWriter output, EvaluationReport report)
    {
        var details = report.Details ?? throw new ArgumentException("The report has no details.", nameof(report));
        var page = new StringBuilder();
        page.Append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">")
            .Append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">")
            .Append("<title>").Append(Text($"{report.Bundle} on {report.Data}")).Append("</title><style>").Append(Style).Append("</style></head><body>\n");
        page.Append("<h1>").Append(Text($"{report.Bundle} · {report.Task} · {report.Data}")).Append("</h1>\n");
        Figures(page, report);
        if (report.Against is { } against)
            page.Append("<p>").Append(Text(against.Describe(report.Bundle))).Append(".</p>\n");
        Types(page, report);
        Reliability(page, details.Calibration);
        Confusion(page, details);
        Errors(page, details, report);
        page.Append("</body></html>\n");
        output.Write(page.ToString());
    }

    private static void Figures(StringBuilder page, EvaluationReport report)
    {
        page.Append("<div class=\"figures\">");
        Figure(page, "micro F1", Number(report.MicroF1), $"95 % from {Number(report.MicroF1Low)} to {Number(report.MicroF1High)}");
        Figure(page, "macro F1", Number(report.MacroF1), "mean over types");
        if (report.Terms is { } terms)
            Figure(page, "terms F1", Number(terms.F1), "polarity not counted");
        if (report.Categories is { } categories)
            Figure(page, "categories F1", Number(categories.F1), "polarity not counted");
        Figure(page, "accuracy", Number(report.Accuracy), report.Categories is not null ? "of polarities of gold categories" : report.Details!.ConfusionLabels[^1] == "none" ? "of words" : "of texts");
        Figure(page, "calibration error", Number(report.Ece), $"Brier {Number(report.Brier)}");
        Figure(page, "samples", report.Samples.ToString(CultureInfo.InvariantCulture), "measured");
        page.Append("</div>\n");
    }

    private static void Figure(StringBuilder page, string name, string value, string note) =>
        page.Append("<div>").Append(Text(name)).Append("<b>").Append(Text(value)).Append("</b><span class=\"note\">").Append(Text(note)).Append("</span></div>");

    private static void Types(StringBuilder page, EvaluationReport report)
    {
        page.Append("<h2>By type</h2><table><tr><th></th><th>precision</th><th>recall</th><th>F1</th><th>support</th></tr>\n");
        foreach (var (type, score) in report.PerType)
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{Text(type)}</td><td>{Number(score.Precision)}</td><td>{Number(score.Recall)}</td><td>{Number(score.F1)}</td><td>{score.Support}</td></tr>\n");
        page.Append("</table>\n");
    }

    /// <summary>Accuracy over confidence, bin by bin; bars end at the accuracy, and what is missing to the confidence is drawn on top.</summary>
    private static void Reliability(StringBuilder page, CalibrationReport calibration)
    {
        if (calibration.Bins.Count == 0)
            return;
        const int Size = 300;
        const int Edge = 30;
        page.Append("<h2>Reliability</h2><p class=\"note\">How often a prediction is right (blue) beside how sure it is; the gap in orange. On the diagonal, confidence says the truth.</p>\n");
        page.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Size + (2 * Edge)} {Size + (2 * Edge)}\" role=\"img\" aria-label=\"reliability diagram\">");
        page.Append(CultureInfo.InvariantCulture, $"<path d=\"M{Edge} {Edge}V{Edge + Size}H{Edge + Size}\" fill=\"none\" stroke=\"currentColor\"/>");
        const int Bins = 15;
        foreach (var bin in calibration.Bins)
        {
            var left = Edge + (Size * (double)bin.Index / Bins);
            Bar(page, left, Edge + (Size * (1 - bin.Accuracy)), Edge + Size, Size / (double)Bins, "--bar");
            Bar(page, left, Edge + (Size * (1 - Math.Max(bin.Accuracy, bin.MeanConfidence))), Edge + (Size * (1 - Math.Min(bin.Accuracy, bin.MeanConfidence))), Size / (double)Bins, "--gap");
        }

        page.Append(CultureInfo.InvariantCulture, $"<path d=\"M{Edge} {Edge + Size}L{Edge + Size} {Edge}\" fill=\"none\" stroke=\"currentColor\" stroke-dasharray=\"4 4\" opacity=\".6\"/>");
        page.Append(CultureInfo.InvariantCulture, $"<text x=\"{Edge + (Size / 2)}\" y=\"{Size + (2 * Edge) - 8}\" text-anchor=\"middle\">confidence</text><text x=\"{Edge}\" y=\"{Edge - 8}\">right</text>");
        page.Append(CultureInfo.InvariantCulture, $"<text x=\"{Edge - 6}\" y=\"{Edge + 4}\" text-anchor=\"end\">1</text><text x=\"{Edge - 6}\" y=\"{Edge + Size}\" text-anchor=\"end\">0</text><text x=\"{Edge + Size}\" y=\"{Edge + Size + 14}\" text-anchor=\"middle\">1</text></svg>\n");
        page.Append("<table><tr><th>confidence</th><th>predictions</th><th>mean confidence</th><th>right</th></tr>\n");
        foreach (var bin in calibration.Bins)
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{bin.Index / (double)Bins:0.00}–{(bin.Index + 1) / (double)Bins:0.00}</td><td>{bin.Count}</td><td>{bin.MeanConfidence:0.000}</td><td>{bin.Accuracy:0.000}</td></tr>\n");
        page.Append("</table>\n");
    }

    private static void Bar(StringBuilder page, double left, double top, double bottom, double width, string colour)
    {
        if (bottom - top > 0.05)
            page.Append(CultureInfo.InvariantCulture, $"<rect x=\"{left + 1:0.##}\" y=\"{top:0.##}\" width=\"{width - 2:0.##}\" height=\"{bottom - top:0.##}\" style=\"fill: var({colour}); opacity: .8\"/>");
    }

    private static void Confusion(StringBuilder page, EvaluationDetails details)
    {
        page.Append("<h2>Confusion</h2><p class=\"note\">Rows: what it is. Columns: what was predicted.</p><table><tr><th></th>");
        foreach (var label in details.ConfusionLabels)
            page.Append("<th>").Append(Text(label)).Append("</th>");
        page.Append("</tr>\n");
        for (var row = 0; row < details.ConfusionLabels.Count; row++)
        {
            page.Append("<tr><td>").Append(Text(details.ConfusionLabels[row])).Append("</td>");
            for (var column = 0; column < details.ConfusionLabels.Count; column++)
            {
                var count = details.Confusion[row][column];
                page.Append(CultureInfo.InvariantCulture, $"<td>{(row == column ? $"<b>{count}</b>" : count == 0 ? "" : count.ToString(CultureInfo.InvariantCulture))}</td>");
            }

            page.Append("</tr>\n");
        }

        page.Append("</table>\n");
    }

    private static void Errors(StringBuilder page, EvaluationDetails details, EvaluationReport report)
    {
        var wrong = details.Samples.Count(static s => s.Correct < s.Gold || s.Predicted > s.Correct);
        page.Append(CultureInfo.InvariantCulture, $"<h2>Errors</h2><p class=\"note\">{wrong} of {report.Samples} samples are not wholly right; the {details.Errors.Count} with the surest wrong prediction. Green: right. Red: predicted and wrong. Amber: missed.</p>\n");
        foreach (var error in details.Errors)
        {
            page.Append("<div class=\"error\">");
            if (error.Gold.Concat(error.Predicted).All(span => span.Start == 0 && span.End == error.Text.Length))
                page.Append(CultureInfo.InvariantCulture, $"<p class=\"kind\">is {Labels(error.Gold)}, predicted {Labels(error.Predicted)} ({error.Confidence:0.00})</p><p>{Text(error.Text)}</p>");
            else
                page.Append(CultureInfo.InvariantCulture, $"<p class=\"kind\">{(error.Confidence > 0 ? $"surest wrong span {error.Confidence:0.00}" : "missed only")}</p><p>{Marked(error)}</p>");
            page.Append("</div>\n");
        }
    }

    /// <summary>Predicted spans marked right or wrong, missed gold spans where no predicted span lies.</summary>
    private static string Marked(EvaluationError error)
    {
        var marks = error.Predicted.Select(s => (Span: s, Class: error.Gold.Contains(s) ? "" : "wrong"))
            .Concat(error.Gold.Where(g => !error.Predicted.Contains(g)).Select(g => (Span: g, Class: "missed")))
            .OrderBy(static m => m.Span.Start).ThenBy(static m => m.Class == "missed");
        var html = new StringBuilder();
        var at = 0;
        foreach (var (span, kind) in marks)
        {
            if (span.Start < at)
            {
                // Where it overlaps what is marked, it is named behind it.
                html.Append("<sub> (is ").Append(Text($"{error.Text[span.Start..span.End]}: {span.Label}")).Append(")</sub>");
                continue;
            }

            html.Append(Text(error.Text[at..span.Start])).Append("<mark").Append(kind.Length == 0 ? "" : $" class=\"{kind}\"").Append('>')
                .Append(Text(error.Text[span.Start..span.End])).Append("<sub> ").Append(Text(span.Label)).Append("</sub></mark>");
            at = span.End;
        }

        return html.Append(Text(error.Text[at..])).ToString();
    }

    private static string Labels(IReadOnlyList<LabelledSpan> spans) => spans.Count == 0 ? "nothing" : Text(string.Join(" and ", spans.Select(static span => span.Label)));

    private static string Text(string text) => Encoder.Encode(text);

    private static string Number(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
}
