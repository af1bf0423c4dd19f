using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Streaming.Cli.Benchmarks;

/// <summary>A file's messages over and over, each with an id of its own, <c>bench-0</c> and on; one at a time, so memory does not grow with the file.</summary>
internal sealed class NumberedMessages(string file) : IDisposable
{
    private const string Prefix = "bench-";

    private readonly LineReader _lines = new(file);
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private long _next;

    /// <summary>The number in an id; -1 when it has none.</summary>
    public static long NumberOf(string id) =>
        id.StartsWith(Prefix, StringComparison.Ordinal) && long.TryParse(id.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;

    /// <summary>The next message; null when the file has none at all.</summary>
    public byte[]? Next()
    {
        var line = _lines.Next();
        if (line is null)
        {
            _lines.Rewind();
            line = _lines.Next();
        }

        return line is null ? null : WithId(line, Prefix + _next++.ToString(CultureInfo.InvariantCulture));
    }

    /// <inheritdoc/>
    public void Dispose() => _lines.Dispose();

    /// <summary>A JSON object gets the id, plain text becomes one; what is no JSON stays as it is, broken.</summary>
    private byte[] WithId(byte[] line, string id)
    {
        _buffer.ResetWrittenCount();
        try
        {
            using var writer = new Utf8JsonWriter(_buffer);
            writer.WriteStartObject();
            writer.WriteString("id", id);
            if (line[0] == (byte)'{')
            {
                using var document = JsonDocument.Parse(line);
                foreach (var field in document.RootElement.EnumerateObject())
                {
                    if (!field.NameEquals("id"))
                        field.WriteTo(writer);
                }
            }
            else
            {
                writer.WriteString("text", Encoding.UTF8.GetString(line));
            }

            writer.WriteEndObject();
        }
        catch (JsonException)
        {
            return line;
        }

        return _buffer.WrittenSpan.ToArray();
    }
}
