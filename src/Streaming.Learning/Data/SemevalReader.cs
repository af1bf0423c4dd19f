using System.Globalization;
using System.Xml;

namespace Streaming.Learning.Data;

/// <summary>
/// Reads SemEval-2014 XML. A span's label is its polarity; a term that people disagreed on (<c>conflict</c>) is left out, as the task's own
/// evaluations do, and so is one that lies inside another. Offsets are checked against the text. Categories are kept as <c>category/polarity</c>, disagreement too.
/// </summary>
internal static class SemevalReader
{
    /// <summary>The polarity that people disagreed on.</summary>
    public const string Conflict = "conflict";

    public static IEnumerable<Sample> Read(string path)
    {
        using var stream = DataFile.OpenBytes(path);
        using var xml = XmlReader.Create(stream, new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreWhitespace = false,
            MaxCharactersInDocument = 1L << 30,
        });
        var position = (IXmlLineInfo)xml;
        string? text = null;
        var inText = false;
        long line = 0;
        var terms = new List<(LabelledSpan Span, string Term, long Line)>();
        List<string>? categories = null;
        while (Advance(xml, path))
        {
            if (xml.NodeType == XmlNodeType.Element && xml.Name == "sentence")
            {
                (text, line) = (null, position.LineNumber);
                terms.Clear();
                categories = null;
            }
            else if (xml.NodeType == XmlNodeType.Element && xml.Name == "text")
            {
                (text, inText) = ("", !xml.IsEmptyElement);
            }
            else if (inText && xml.NodeType is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace)
            {
                text += xml.Value;
            }
            else if (xml.NodeType == XmlNodeType.EndElement && xml.Name == "text")
            {
                inText = false;
            }
            else if (xml.NodeType == XmlNodeType.Element && xml.Name == "aspectTerm")
            {
                terms.Add((ReadTerm(xml, path, position.LineNumber), xml.GetAttribute("term") ?? "", position.LineNumber));
            }
            else if (xml.NodeType == XmlNodeType.Element && xml.Name == "aspectCategories")
            {
                categories ??= [];
            }
            else if (xml.NodeType == XmlNodeType.Element && xml.Name == "aspectCategory")
            {
                (categories ??= []).Add(ReadCategory(xml, path, position.LineNumber));
            }
            else if (xml.NodeType == XmlNodeType.EndElement && xml.Name == "sentence")
            {
                if (text is null)
                    throw DataErrors.Malformed(path, line, "the sentence has no text");
                yield return new SpannedText { Text = text, Spans = Check(path, text, terms), Categories = categories, Origin = $"{Path.GetFileName(path)}:{line}" };
            }
        }
    }

    private static List<LabelledSpan> Check(string path, string text, List<(LabelledSpan Span, string Term, long Line)> terms)
    {
        var spans = new List<LabelledSpan>();
        foreach (var (span, term, line) in terms.OrderBy(t => t.Span.Start).ThenBy(t => t.Span.End))
        {
            if (span.Start < 0 || span.End <= span.Start || span.End > text.Length || !text.AsSpan(span.Start, span.End - span.Start).SequenceEqual(term))
                throw DataErrors.Offsets(path, line, $"from {span.Start} to {span.End} does not give the term '{DataErrors.Quote(term)}'");
            if (span.Label == Conflict)
                continue;
            if (spans.Count == 0 || span.Start >= spans[^1].End)
                spans.Add(span);
        }

        return spans;
    }

    private static LabelledSpan ReadTerm(XmlReader xml, string path, long line)
    {
        var polarity = ReadPolarity(xml, path, line);
        if (!int.TryParse(xml.GetAttribute("from"), NumberStyles.None, CultureInfo.InvariantCulture, out var from)
            || !int.TryParse(xml.GetAttribute("to"), NumberStyles.None, CultureInfo.InvariantCulture, out var to))
            throw DataErrors.Malformed(path, line, "from and to must be whole numbers");
        return new LabelledSpan(from, to, polarity);
    }

    private static string ReadCategory(XmlReader xml, string path, long line)
    {
        var category = xml.GetAttribute("category");
        if (string.IsNullOrWhiteSpace(category))
            throw DataErrors.Malformed(path, line, "an aspectCategory needs its category");
        return $"{category}/{ReadPolarity(xml, path, line)}";
    }

    private static string ReadPolarity(XmlReader xml, string path, long line)
    {
        var polarity = xml.GetAttribute("polarity") ?? "";
        return polarity is "positive" or "negative" or "neutral" or Conflict
            ? polarity
            : throw DataErrors.Malformed(path, line, $"'{DataErrors.Quote(polarity)}' is not a polarity: positive, negative, neutral or conflict is expected");
    }

    private static bool Advance(XmlReader xml, string path)
    {
        try
        {
            return xml.Read();
        }
        catch (XmlException e)
        {
            throw DataErrors.Malformed(path, e.LineNumber, $"not well-formed XML, column {e.LinePosition}", e);
        }
        catch (InvalidDataException e)
        {
            throw DataFile.Undecodable(path, ((IXmlLineInfo)xml).LineNumber, e);
        }
    }
}
