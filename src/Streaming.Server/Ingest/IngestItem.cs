using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Streaming.Contracts;
using Streaming.Core.Engine;
using Streaming.Core.Messaging;

namespace Streaming.Server.Ingest;

/// <summary>Makes messages of what people send: JSON objects as they are, texts wrapped only where they would read as JSON.</summary>
public static class IngestItem
{
    /// <summary>A message from one JSON value: an object with a <c>text</c>, or a string.</summary>
    /// <param name="json">The value's bytes, kept as they are.</param>
    public static StageOutcome<OutgoingMessage> FromJson(ReadOnlyMemory<byte> json)
    {
        if (!Utf8.IsValid(json.Span))
            return new StageFailure("ingest", ErrorCodes.InvalidUtf8, "the message is not valid UTF-8");
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 64 });
            var root = document.RootElement;
            switch (root.ValueKind)
            {
                case JsonValueKind.String:
                    return FromText(Encoding.UTF8.GetBytes(root.GetString()!));
                case JsonValueKind.Object when root.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String:
                    _ = text.GetString();
                    return new OutgoingMessage { Key = KeyOf(root), Value = json };
                case JsonValueKind.Object:
                    return new StageFailure("ingest", ErrorCodes.InvalidField, "a message is an object with a string named text");
                default:
                    return new StageFailure("ingest", ErrorCodes.InvalidField, "a message is a JSON object with a string named text, or a string");
            }
        }
        catch (JsonException)
        {
            return new StageFailure("ingest", ErrorCodes.MalformedJson, "the message is not valid JSON");
        }
        catch (InvalidOperationException)
        {
            return new StageFailure("ingest", ErrorCodes.LoneSurrogate, "the text has a lone surrogate");
        }
    }

    /// <summary>A message from one text in UTF-8. Bytes that are not UTF-8 pass as they are: the pipeline keeps them as a dead letter.</summary>
    public static OutgoingMessage FromText(ReadOnlyMemory<byte> text)
    {
        if (!LooksLikeJson(text.Span) || !Utf8.IsValid(text.Span))
            return new() { Value = text };
        return new() { Value = Wrap(text.Span, id: null) };
    }

    /// <summary>A text as a JSON message, with an id when there is one.</summary>
    public static ReadOnlyMemory<byte> Wrap(ReadOnlySpan<byte> text, string? id)
    {
        var buffer = new ArrayBufferWriter<byte>(text.Length + 32);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            if (id is not null)
                writer.WriteString("id", id);
            writer.WriteString("text", text);
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>The key of a JSON message: its id, so that messages of one document stay in order; null when there is none.</summary>
    public static ReadOnlyMemory<byte>? KeyOf(JsonElement message)
    {
        if (message.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String && id.GetString() is { Length: > 0 and <= 512 } text)
            return Encoding.UTF8.GetBytes(text);
        return null;
    }

    // A byte order mark, then white space, then what JSON values that are not plain words start with.
    private static bool LooksLikeJson(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith("\uFEFF"u8))
            return true;
        var trimmed = text.TrimStart(" \t\r\n"u8);
        return trimmed.Length > 0 && trimmed[0] is (byte)'{' or (byte)'[' or (byte)'"';
    }
}
