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

    /// <summary>SemEval-2014 XML: sentences with aspect terms, categories, or both.</summary>
    SemevalXml,

    /// <summary>A JSON object a line.</summary>
    Jsonl,

    /// <summary>A text a line, spans written <c>[Barack Obama](PER)</c>; a backslash before a bracket or a backslash makes it text.</summary>
    Bracket,

    /// <summary>CLINC150's JSON: parts (<c>train</c>, <c>val</c>, <c>test</c>, <c>oos_…</c>), each an array of <c>[text, intent]</c>.</summary>
    Clinc,
}

/// <summary>Names of <see cref="DataFormat"/> as people write them.</summary>
public static class DataFormats
{
    /// <summary>Every name.</summary>
    public static IReadOnlyList<string> Names { get; } = ["conll", "csv", "tsv", "semeval-xml", "jsonl", "bracket", "clinc"];

    /// <summary>Reads a name; underscores count as dashes.</summary>
    /// <exception cref="StreamingException"><c>data_format_unknown</c>.</exception>
    public static DataFormat Parse(string name) => name.Replace('_', '-').ToLowerInvariant() switch
    {
        "conll" => DataFormat.Conll,
        "csv" => DataFormat.Csv,
        "tsv" => DataFormat.Tsv,
        "semeval-xml" => DataFormat.SemevalXml,
        "jsonl" => DataFormat.Jsonl,
        "bracket" => DataFormat.Bracket,
        "clinc" => DataFormat.Clinc,
        _ => throw new StreamingException("data_format_unknown", $"There is no data format '{name}'. Use one of {string.Join(", ", Names)}."),
    };

    /// <summary>The format that a file's name tells; <c>.gz</c> is looked through.</summary>
    /// <returns>Null where the name tells none.</returns>
    public static DataFormat? OfName(string file)
    {
        var name = file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? file[..^3] : file;
        return Path.GetExtension(name).ToLowerInvariant() switch
        {
            ".conll" or ".bio" or ".iob" or ".iob2" => DataFormat.Conll,
            ".csv" => DataFormat.Csv,
            ".tsv" => DataFormat.Tsv,
            ".xml" => DataFormat.SemevalXml,
            ".jsonl" or ".ndjson" => DataFormat.Jsonl,
            ".bracket" or ".md" => DataFormat.Bracket,
            _ => null,
        };
    }
}
