using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Telemetry;

namespace Streaming.Cli.CommandLine;

/// <summary>
/// What happens, on standard error: a readable line an event, or one JSON object
/// <c>{time, level, code, message}</c> a line for whatever collects logs. Events never carry document text or secrets.
/// Safe for concurrent use.
/// </summary>
internal sealed class EventLog(TextWriter writer, TimeProvider time)
{
    // A log is no web page: what people read stays readable.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly Lock _lock = new();

    /// <summary>True for one JSON object a line.</summary>
    public bool IsJson { get; set; }

    /// <summary>A line for people; its code tells programs what it is.</summary>
    public void Say(string line, string code) => Write("information", code, line, line);

    /// <summary>Something worth knowing, or worse.</summary>
    public void Tell(Notice notice) =>
        Write(notice.Level.ToName(), notice.Code, notice.Message, $"{(notice.Level == NoticeLevel.Information ? "notice" : notice.Level.ToName())} {notice.Code}: {notice.Message}");

    private void Write(string level, string code, string message, string readable)
    {
        var line = IsJson ? Json(level, code, message) : readable;
        lock (_lock)
            writer.WriteLine(line);
    }

    private string Json(string level, string code, string message)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartObject();
            json.WriteString("time", time.GetUtcNow());
            json.WriteString("level", level);
            json.WriteString("code", code);
            json.WriteString("message", message);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
