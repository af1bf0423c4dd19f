using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using CsvHelper;
using CsvHelper.Configuration;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Messaging;

namespace Streaming.Cli.Ingest;

/// <summary>CSV (RFC 4180) and TSV with a header: one column is the text, one may be the id, the others become metadata.</summary>
/// <remarks>
/// The file is read as Latin-1, one character a byte: delimiters are ASCII, and every field keeps its bytes, whatever they are.
/// A row that is not UTF-8 is written as it is, for the pipeline to keep as a dead letter.
/// </remarks>
internal static class DelimitedIngest
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly string[] UsualNames = ["text", "sentence", "content", "body"];

    /// <summary>Reads every row and hands its message on.</summary>
    /// <exception cref="StreamingException"><c>column_not_found</c>, <c>malformed_row</c>.</exception>
    public static async Task RunAsync(
        Stream input, char delimiter, string? textColumn, string? idColumn, int maxBytes, BatchWriter writer, IngestReport report, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(input, Encoding.Latin1, detectEncodingFromByteOrderMarks: false, 64 * 1024);
        using var csv = new CsvParser(reader, new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Delimiter = delimiter.ToString(),
            Mode = delimiter == ',' ? CsvMode.RFC4180 : CsvMode.NoEscape,
            BadDataFound = null,
            IgnoreBlankLines = true,
            MaxFieldSize = maxBytes,
        });
        if (!await ReadAsync(csv))
            return;
        var header = csv.Record!.Select(static name => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(name)).TrimStart('\uFEFF')).ToArray();
        var text = Column(header, textColumn);
        var id = idColumn is null ? -1 : Find(header, idColumn);
        var json = new ArrayBufferWriter<byte>();
        while (await ReadAsync(csv))
        {
            cancellationToken.ThrowIfCancellationRequested();
            report.Bytes = csv.CharCount;
            var row = csv.Record!;
            if (row.Length <= Math.Max(text, id))
            {
                report.Refuse("malformed_row", csv.RawRow, $"it has {row.Length} columns, but '{header[Math.Max(text, id)]}' is column {Math.Max(text, id) + 1}");
                continue;
            }

            await writer.AddAsync(csv.RawRow, Message(json, header, row, text, id, csv), cancellationToken);
        }
    }

    private static OutgoingMessage Message(ArrayBufferWriter<byte> json, string[] header, string[] row, int text, int id, CsvParser csv)
    {
        var fields = new byte[row.Length][];
        var valid = true;
        for (var i = 0; i < row.Length; i++)
        {
            fields[i] = Encoding.Latin1.GetBytes(row[i]);
            valid &= Utf8.IsValid(fields[i]);
        }

        if (!valid)
            return new() { Value = Encoding.Latin1.GetBytes(csv.RawRecord.TrimEnd('\r', '\n')) };
        json.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(json, Relaxed))
        {
            writer.WriteStartObject();
            if (id >= 0 && fields[id].Length > 0)
                writer.WriteString("id", fields[id]);
            writer.WriteString("text", fields[text]);
            WriteMetadata(writer, header, fields, text, id);
            writer.WriteEndObject();
        }

        return new()
        {
            Key = id >= 0 && fields[id].Length > 0 ? fields[id] : default(ReadOnlyMemory<byte>?),
            Value = json.WrittenMemory,
        };
    }

    private static void WriteMetadata(Utf8JsonWriter writer, string[] header, byte[][] fields, int text, int id)
    {
        var begun = false;
        for (var i = 0; i < fields.Length; i++)
        {
            if (i == text || i == id)
                continue;
            if (!begun)
                writer.WriteStartObject("metadata");
            begun = true;
            // Names that repeat or are missing would make the message invalid.
            var name = i < header.Length && header[i].Length > 0 && Array.IndexOf(header, header[i]) == i ? header[i] : $"column_{i + 1}";
            writer.WriteString(name, fields[i]);
        }

        if (begun)
            writer.WriteEndObject();
    }

    private static async ValueTask<bool> ReadAsync(CsvParser csv)
    {
        try
        {
            return await csv.ReadAsync();
        }
        catch (CsvHelperException error)
        {
            throw new StreamingException("malformed_row", $"line {csv.RawRow}: no row ends here; is a quote left open? Rows before it are written.", ExitCode.Usage, error);
        }
    }

    private static int Column(string[] header, string? told)
    {
        if (told is not null)
            return Find(header, told);
        foreach (var name in UsualNames)
        {
            var index = Array.FindIndex(header, column => column.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (index >= 0)
                return index;
        }

        return header.Length == 1 ? 0 : throw Missing("none is named text; say which with --column NAME", header);
    }

    private static int Find(string[] header, string name)
    {
        var index = Array.IndexOf(header, name);
        return index >= 0 ? index : throw Missing($"none is named '{name}'", header);
    }

    private static StreamingException Missing(string what, string[] header) =>
        new("column_not_found", $"the first row names the columns, and {what}. There are: {string.Join(", ", header)}");
}
