using Streaming.Core;

namespace Streaming.Learning.Data;

/// <summary>File formats of annotated data. Each may be gzip-compressed, told by the name's end <c>.gz</c>.</summary>
public enum DataFormat
{
    /// <summary>Columns, one word a line, blank line between sentences; <c>-DOCSTART-</c> lines; Universal NER's layout with comments and an index column.</summary>
    Conll,

    /// <summary>Comma-separated values with RFC 4180 quoting.</summary>
    Csv,

    /// <summary>Tab-separated values without quoting.</summary>
    Tsv,

    /// <summary>SemEval-2014 XML: sentences with aspect terms.</summary>
    SemevalXml,

    /// <summary>A JSON object a line.</summary>
    Jsonl,
}

/// <summary>Names of <see cref="DataFormat"/> as people write them.</summary>
public static class DataFormats
{
    /// <summary>Every name.</summary>
    public static IReadOnlyList<string> Names { get; } = ["conll", "csv", "tsv", "semeval-xml", "jsonl"];

    /// <summary>Reads a name; underscores count as dashes.</summary>
    /// <exception cref="StreamingException"><c>data_format_unknown</c>.</exception>
    public static DataFormat Parse(string name) => name.Replace('_', '-').ToLowerInvariant() switch
    {
        "conll" => DataFormat.Conll,
        "csv" => DataFormat.Csv,
        "tsv" => DataFormat.Tsv,
        "semeval-xml" => DataFormat.SemevalXml,
        "jsonl" => DataFormat.Jsonl,
        _ => throw new StreamingException("data_format_unknown", $"There is no data format '{name}'. Use one of {string.Join(", ", Names)}."),
    };
}
