using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Streaming.Core;
using Streaming.Learning.Metrics;

namespace Streaming.Learning.Data;

/// <summary>Writes annotated samples in the formats of <see cref="DataFormat"/> that can be written: conll, jsonl, bracket, csv, tsv.</summary>
public sealed class DataWriter
{
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly TextWriter _output;
    private readonly DataFormat _format;
    private int _document = -1;
    private bool _begun;

    /// <summary>A writer; <paramref name="output"/> stays the caller's.</summary>
    /// <param name="output">UTF-8, lines end in LF.</param>
    /// <param name="format">What to write.</param>
    /// <exception cref="StreamingException"><c>data_format_read_only</c>.</exception>
    public DataWriter(TextWriter output, DataFormat format)
    {
        if (format is DataFormat.SemevalXml or DataFormat.Clinc)
            throw new StreamingException("data_format_read_only", $"{(format == DataFormat.Clinc ? "clinc" : "semeval-xml")} can be read, not written. Write one of conll, jsonl, bracket, csv, tsv.");
        (_output, _format) = (output, format);
    }

    /// <summary>Spans that could not be kept: they touch no word, or only words of another span.</summary>
    public int SpansLost { get; private set; }

    /// <summary>Spans that were widened to whole words.</summary>
    public int SpansWidened { get; private set; }

    /// <summary>Writes a sample.</summary>
    /// <exception cref="StreamingException"><c>data_shape_wrong</c>: the format has no place for what the sample has.</exception>
    public void Write(Sample sample)
    {
        switch (_format)
        {
            case DataFormat.Conll:
                WriteConll(sample);
                break;
            case DataFormat.Jsonl:
                WriteJson(sample);
                break;
            case DataFormat.Bracket:
                WriteBracket(sample);
                break;
            default:
                WriteDelimited(sample, _format == DataFormat.Csv);
                break;
        }

        _begun = true;
    }

    private void WriteConll(Sample sample)
    {
        var (words, tags) = sample switch
        {
            TaggedSentence sentence => (sentence.Words, sentence.Tags),
            SpannedText spanned => ToWords(spanned),
            _ => throw Shape(sample, "conll", "spans"),
        };
        if (sample.Document >= 0 && sample.Document != _document)
        {
            _document = sample.Document;
            _output.Write("-DOCSTART- O\n\n");
        }

        for (var i = 0; i < words.Count; i++)
        {
            var word = sample.Text[words[i].Start..words[i].End];
            // White space inside a word would be read as the end of its column.
            _output.Write($"{(word.Any(char.IsWhiteSpace) ? string.Join('_', word.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)) : word)} {tags[i]}\n");
        }

        _output.Write('\n');
    }

    private (IReadOnlyList<CharSpan> Words, IReadOnlyList<string> Tags) ToWords(SpannedText text)
    {
        var words = SampleLoader.SegmentedWords(text.Text);
        var spans = Iob2.FromCharacters(text.Spans, words);
        var kept = Iob2.ToCharacters(spans, words);
        SpansLost += text.Spans.Count - kept.Count;
        SpansWidened += kept.Count(k => !text.Spans.Contains(k));
        return (words, Iob2.FromSpans(spans, words.Count));
    }

    private void WriteJson(Sample sample)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Json))
        {
            json.WriteStartObject();
            json.WriteString("text", sample.Text);
            if (sample is LabelledText { Labels: var labels })
            {
                if (labels is [var only])
                {
                    json.WriteString("label", only);
                }
                else
                {
                    json.WriteStartArray("labels");
                    foreach (var label in labels)
                        json.WriteStringValue(label);
                    json.WriteEndArray();
                }
            }
            else
            {
                json.WriteStartArray("spans");
                foreach (var span in Spans(sample))
                {
                    json.WriteStartObject();
                    json.WriteNumber("start", span.Start);
                    json.WriteNumber("end", span.End);
                    json.WriteString("label", span.Label);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                if (sample is SpannedText { Categories: { } categories })
                {
                    json.WriteStartArray("categories");
                    foreach (var category in categories)
                        json.WriteStringValue(category);
                    json.WriteEndArray();
                }
            }

            json.WriteEndObject();
        }

        _output.Write(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
        _output.Write('\n');
    }

    private void WriteBracket(Sample sample)
    {
        if (sample is LabelledText)
            throw Shape(sample, "bracket", "spans");
        if (sample.Text.AsSpan().IndexOfAny('\n', '\r') >= 0)
            throw Shape(sample, "bracket", "texts of one line");
        var line = new StringBuilder(sample.Text.StartsWith("# ", StringComparison.Ordinal) ? "\\" : "");
        var at = 0;
        foreach (var span in Spans(sample))
        {
            Escape(line, sample.Text.AsSpan(at, span.Start - at));
            line.Append('[');
            Escape(line, sample.Text.AsSpan(span.Start, span.End - span.Start));
            line.Append("](").Append(span.Label).Append(')');
            at = span.End;
        }

        Escape(line, sample.Text.AsSpan(at));
        _output.Write(line.Append('\n').ToString());
    }

    private static void Escape(StringBuilder line, ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (c is '[' or ']' or '\\')
                line.Append('\\');
            line.Append(c);
        }
    }

    private void WriteDelimited(Sample sample, bool quoted)
    {
        if (sample is not LabelledText text)
            throw Shape(sample, quoted ? "csv" : "tsv", "labels of whole texts");
        if (text.Labels is not [var label])
            throw Shape(sample, quoted ? "csv" : "tsv", "one label a text");
        var separator = quoted ? ',' : '\t';
        if (!_begun)
            _output.Write($"text{separator}label\n");
        _output.Write($"{Cell(text.Text, quoted)}{separator}{Cell(label, quoted)}\n");
    }

    // TSV has no quoting: what would end a cell becomes a space.
    private static string Cell(string value, bool quoted) => quoted
        ? value.AsSpan().IndexOfAny("\",\r\n") < 0 ? value : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
        : value.Replace('\t', ' ').Replace('\n', ' ').Replace('\r', ' ');

    private static IReadOnlyList<LabelledSpan> Spans(Sample sample) => sample switch
    {
        SpannedText text => text.Spans,
        TaggedSentence sentence => Iob2.ToCharacters(TagSpans.Read(sentence.Tags), sentence.Words),
        _ => throw new InvalidOperationException("A sample without spans has none to write: this is a bug."),
    };

    private static StreamingException Shape(Sample sample, string format, string takes) =>
        new("data_shape_wrong", $"{sample.Origin}: {format} takes {takes}. Choose another format; jsonl takes everything.");
}
