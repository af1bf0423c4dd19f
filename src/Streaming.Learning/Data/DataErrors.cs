using Streaming.Core;

namespace Streaming.Learning.Data;

/// <summary>Errors of data files: a stable code, the place as <c>file:line</c>, what is wrong. Never document text beyond a short piece.</summary>
internal static class DataErrors
{
    public static StreamingException Malformed(string file, long line, string what, Exception? inner = null) =>
        new("data_malformed", $"{Path.GetFileName(file)}:{line}: {what}", ExitCode.Usage, inner);

    public static StreamingException Offsets(string file, long line, string what) =>
        new("data_offsets_wrong", $"{Path.GetFileName(file)}:{line}: {what}");

    public static StreamingException Column(string file, string what) =>
        new("data_column_missing", $"{Path.GetFileName(file)}: {what}");

    public static StreamingException Missing(string path) =>
        new("data_file_missing", $"There is no data file '{path}'. Check the path, or name the folder of the data sets with --data-root or STREAMING_SHARED.");

    /// <summary>A piece of the input short enough for a message, with control characters shown as dots.</summary>
    public static string Quote(string text) =>
        string.Concat((text.Length > 40 ? text[..40] + "…" : text).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '.' : c));
}
