using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Streaming.Contracts;
using Streaming.Core.Engine;
using Streaming.Core.Messaging;
using Streaming.Server.Http;

namespace Streaming.Server.Ingest;

/// <summary>Makes messages of what people send: JSON objects as they are, texts wrapped only where they would read as JSON.</summary>
public static class IngestItem
{
    /// <summary>A message from one JSON value: an object with a <c>text</c>, or a string. Refused here is what the pipeline would refuse.</summary>
    /// <param name="decoder">The pipeline's decoder.</param>
    /// <param name="json">The value's bytes, kept as they are.</param>
    public static StageOutcome<OutgoingMessage> FromJson(MessageDecoder decoder, ReadOnlyMemory<byte> json)
    {
        ArgumentNullException.ThrowIfNull(decoder);
        var trimmed = json.Span.Trim(" \t\r\n"u8);
        if (trimmed is [(byte)'"', ..])
        {
            try
            {
                return FromText(Encoding.UTF8.GetBytes(JsonSerializer.Deserialize(trimmed, ServerJson.Default.String)!));
            }
            catch (JsonException)
            {
                return new StageFailure(MessageDecoder.Stage, ErrorCodes.MalformedJson, "the message is not valid JSON");
            }
            catch (InvalidOperationException)
            {
                return new StageFailure(MessageDecoder.Stage, ErrorCodes.LoneSurrogate, "the text has a lone surrogate");
            }
        }

        if (trimmed is not [(byte)'{', ..])
            return new StageFailure(MessageDecoder.Stage, ErrorCodes.MalformedJson, "a message is a JSON object with a string named text, or a string");
        var decoded = decoder.Decode(new SourceMessage { Partition = new("", 0), Offset = 0, Timestamp = DateTimeOffset.UnixEpoch, Value = json });
        return decoded.IsSuccess ? new OutgoingMessage { Key = KeyOf(json), Value = json } : decoded.Failure;
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

    /// <summary>The key of a JSON message: its id, so that messages of one document stay in order; null when there is none, or it is no JSON.</summary>
    public static ReadOnlyMemory<byte>? KeyOf(ReadOnlyMemory<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json.Span, new JsonReaderOptions { MaxDepth = MessageDecoder.MaxDepth });
            while (reader.Read())
            {
                if (reader.CurrentDepth != 1 || reader.TokenType != JsonTokenType.PropertyName)
                    continue;
                if (!reader.ValueTextEquals("id"u8))
                {
                    reader.Skip();
                    continue;
                }

                reader.Read();
                // A plain null would become an array, and that an empty key.
                return reader.TokenType == JsonTokenType.String && reader.GetString() is { Length: > 0 } id ? Encoding.UTF8.GetBytes(id) : default(ReadOnlyMemory<byte>?);
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The pipeline says what is wrong with it.
        }

        return null;
    }

    // What the pipeline's decoder takes for JSON, or would change (a byte order mark at the start).
    private static bool LooksLikeJson(ReadOnlySpan<byte> text)
    {
        return text.StartsWith("\uFEFF"u8) || text.TrimStart(" \t\r\n"u8) is [(byte)'{', ..];
    }
}
