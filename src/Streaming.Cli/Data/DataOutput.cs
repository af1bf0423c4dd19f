using System.IO.Compression;
using System.Text;
using Streaming.Core;
using Streaming.Learning.Data;

namespace Streaming.Cli.Data;

/// <summary>Writes samples to a file, which appears whole or not at all; a name that ends in <c>.gz</c> is packed.</summary>
internal static class DataOutput
{
    /// <summary>Refuses a file that is there, unless it may be replaced.</summary>
    public static void Check(string path, bool force)
    {
        if (File.Exists(path) && !force)
            throw new StreamingException("file_exists", $"'{path}' is there already. Name another file, or say --force.");
    }

    /// <summary>Writes a file.</summary>
    /// <returns>The writer, for what it counted.</returns>
    public static DataWriter Write(string path, DataFormat format, IEnumerable<Sample> samples)
    {
        var partial = path + ".partial";
        try
        {
            DataWriter writer;
            using (var file = new FileStream(partial, FileMode.Create, FileAccess.Write))
            using (var stream = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionLevel.Optimal) : (Stream)file)
            using (var text = new StreamWriter(stream, new UTF8Encoding(false)))
            {
                writer = new DataWriter(text, format);
                foreach (var sample in samples)
                    writer.Write(sample);
            }

            File.Move(partial, path, overwrite: true);
            return writer;
        }
        finally
        {
            File.Delete(partial);
        }
    }

    /// <summary>The format told, else by the name of the file written.</summary>
    public static DataFormat FormatOf(string? told, string path) =>
        (told is null ? DataFormats.OfName(path) : DataFormats.Parse(told))
        ?? throw new StreamingException("data_format_unknown", $"the name of '{Path.GetFileName(path)}' does not tell its format; say --to with one of conll, jsonl, bracket, csv, tsv");
}
