using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Streaming.Core.Topology.Rendering;

/// <summary>Writes one JSON value and a line end to a text writer.</summary>
internal static class JsonText
{
    public static void Write(TextWriter output, Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            write(json);
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }

    public static void Place(Utf8JsonWriter json, TextPosition position)
    {
        json.WriteString("file", position.File);
        if (position.Line > 0)
        {
            json.WriteNumber("line", position.Line);
            json.WriteNumber("column", position.Column);
        }
    }
}
