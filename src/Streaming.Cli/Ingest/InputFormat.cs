using Streaming.Core;

namespace Streaming.Cli.Ingest;

/// <summary>How texts lie in a file.</summary>
internal enum InputFormat
{
    /// <summary>One text a line.</summary>
    Lines,

    /// <summary>One JSON message a line.</summary>
    Jsonl,

    /// <summary>Comma-separated values with a header.</summary>
    Csv,

    /// <summary>Tab-separated values with a header.</summary>
    Tsv,
}

/// <summary>Reads and guesses formats.</summary>
internal static class InputFormats
{
    /// <summary>The format of a name; null for <c>auto</c>.</summary>
    public static InputFormat? Parse(string name) => name switch
    {
        "auto" => null,
        "lines" => InputFormat.Lines,
        "jsonl" => InputFormat.Jsonl,
        "csv" => InputFormat.Csv,
        "tsv" => InputFormat.Tsv,
        _ => throw new StreamingException("invalid_parameter", $"--format is '{name}'; it must be auto, lines, jsonl, csv or tsv"),
    };

    /// <summary>By the file's extension, then by its first byte.</summary>
    public static InputFormat Guess(string path, ReadOnlySpan<byte> beginning) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".jsonl" or ".ndjson" => InputFormat.Jsonl,
        ".csv" => InputFormat.Csv,
        ".tsv" => InputFormat.Tsv,
        ".txt" => InputFormat.Lines,
        _ => WithoutMark(beginning).TrimStart(" \t\r\n"u8) is [(byte)'{', ..] ? InputFormat.Jsonl : InputFormat.Lines,
    };

    /// <summary>Leaves out the byte order mark that some editors put at a file's beginning.</summary>
    public static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> beginning) => beginning.StartsWith("\uFEFF"u8) ? beginning[3..] : beginning;
}
