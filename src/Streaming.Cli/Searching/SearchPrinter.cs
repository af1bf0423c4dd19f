using System.Globalization;
using System.Text;
using Streaming.Cli.CommandLine;
using Streaming.Contracts;
using Streaming.Core.Search;

namespace Streaming.Cli.Searching;

/// <summary>Shows hits to people: what matched is coloured on a terminal, and never marked in plain text.</summary>
internal static class SearchPrinter
{
    private const int Excerpt = 240;
    private const int Before = 60;
    private const int MostShown = 8;

    /// <summary>Writes an answer.</summary>
    public static void Write(TextWriter output, Paint paint, SearchResponse response)
    {
        var count = response.Total == 1 ? "1 document" : string.Create(CultureInfo.InvariantCulture, $"{response.Total:#,0} documents");
        output.WriteLine(paint.Strong(count) + paint.Faint(string.Create(CultureInfo.InvariantCulture, $"  {response.Took.TotalMilliseconds:0.#} ms")));
        foreach (var hit in response.Hits)
            WriteHit(output, paint, hit);
        foreach (var (facet, values) in response.Facets)
        {
            if (values.Count == 0)
                continue;
            output.WriteLine();
            output.WriteLine(paint.Strong(facet));
            foreach (var value in values)
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {value.Count,7:#,0}  ") + TerminalText.Line(value.Value));
        }

        if (response.Next is { } next)
        {
            output.WriteLine();
            output.WriteLine(paint.Faint($"more: --after {next}"));
        }
    }

    /// <summary>Writes suggestions, a line each: documents, kind, name.</summary>
    public static void Write(TextWriter output, Paint paint, IReadOnlyList<Suggestion> found)
    {
        foreach (var one in found)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {one.Count,7:#,0}  ") + paint.Faint(one.Kind.PadRight(Suggestion.Entity.Length)) + "  " + TerminalText.Line(one.Value));
    }

    private static void WriteHit(TextWriter output, Paint paint, SearchHit hit)
    {
        var document = hit.Document;
        output.WriteLine();
        var head = new List<string> { paint.Strong(TerminalText.Line(document.Id)), document.EventTime.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) };
        if (document.Source is { } source)
            head.Add(TerminalText.Line(source));
        if (document.Topics.Count > 0)
            head.Add(string.Join(", ", document.Topics.Select(static topic => TerminalText.Line(topic.Label))));
        if (document.Sentiment is { } sentiment)
            head.Add(TerminalText.Line(sentiment.Label));
        output.WriteLine(string.Join(paint.Faint("  "), head));
        output.WriteLine("  " + ExcerptOf(document.Text, hit.Highlights, paint));
        var found = Found(document);
        if (found.Length > 0)
            output.WriteLine("  " + paint.Faint(found));
    }

    private static string Found(EnrichedDocument document)
    {
        var items = document.Entities.Select(static e => $"{e.Type} {e.Text}").Concat(document.Aspects.Select(static a => $"{a.Term} ({a.Sentiment})"))
            .Select(TerminalText.Line).Distinct(StringComparer.Ordinal).ToList();
        return string.Join(" · ", items.Take(MostShown)) + (items.Count > MostShown ? " …" : "");
    }

    private static string ExcerptOf(string text, IReadOnlyList<TextSpan> highlights, Paint paint)
    {
        var start = highlights.Count > 0 ? Math.Max(0, highlights[0].Start - Before) : 0;
        if (start < Before)
            start = 0;
        var end = Math.Min(text.Length, start + Excerpt);
        // Pairs stay whole.
        if (start > 0 && start < text.Length && char.IsLowSurrogate(text[start]))
            start++;
        if (end < text.Length && char.IsLowSurrogate(text[end]))
            end--;
        var shown = new StringBuilder(start > 0 ? "…" : "");
        var at = start;
        foreach (var span in highlights)
        {
            var (from, to) = (Math.Max(span.Start, at), Math.Min(span.End, end));
            if (from >= to)
                continue;
            TerminalText.AppendLine(shown, text.AsSpan(at, from - at));
            shown.Append(paint.In("1;33", TerminalText.Line(text[from..to])));
            at = to;
        }

        TerminalText.AppendLine(shown, text.AsSpan(at, Math.Max(0, end - at)));
        return shown.Append(end < text.Length ? "…" : "").ToString();
    }
}
