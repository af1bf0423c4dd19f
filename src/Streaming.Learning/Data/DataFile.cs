using System.IO.Compression;
using System.Text;
using Streaming.Core;

namespace Streaming.Learning.Data;

/// <summary>Opens data files: gzip by name, strict UTF-8.</summary>
internal static class DataFile
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static Stream OpenBytes(string path)
    {
        if (!File.Exists(path))
            throw DataErrors.Missing(path);
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        return path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    public static StreamReader OpenText(string path) => new(OpenBytes(path), Strict, detectEncodingFromByteOrderMarks: true);

    /// <summary>Lines with their 1-based numbers; only LF and CR LF end a line.</summary>
    public static IEnumerable<(long Number, string Text)> ReadLines(string path)
    {
        using var reader = OpenText(path);
        for (long number = 1; ; number++)
        {
            string? line;
            try
            {
                line = reader.ReadLine();
            }
            catch (Exception e) when (e is DecoderFallbackException or InvalidDataException)
            {
                throw Undecodable(path, number, e);
            }

            if (line is null)
                yield break;
            yield return (number, line);
        }
    }

    public static StreamingException Undecodable(string path, long line, Exception e) => new(
        "data_encoding",
        $"{Path.GetFileName(path)}:{line} or soon after: {(e is InvalidDataException ? "the gzip stream is damaged" : "not valid UTF-8")}. Convert the file and try again.",
        ExitCode.Usage,
        e);
}
