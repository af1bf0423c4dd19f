using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Streaming.Contracts;
using Streaming.Core.Engine;

namespace Streaming.Core.Messaging;

/// <summary>
/// Reads a message: a JSON object (<c>schemas/text-message.v1.json</c>) when the value's first byte behind white space is
/// <c>{</c> or its header <see cref="MessageHeader.ContentType"/> says so, else plain text. UTF-8 is strict; a byte order mark
/// at the start is dropped. Safe for concurrent use.
/// </summary>
/// <remarks>
/// JSON is RFC 8259 with at most 64 levels; repeated names, anything behind the object and escapes of lone surrogates are refused at every level.
/// The message key, when there is one, is the document's identity and wins over a field <c>id</c>: order holds per key.
/// </remarks>
public sealed class MessageDecoder
{
    /// <summary>Name of the stage in dead letters.</summary>
    public const string Stage = "decode";

    /// <summary>Longest id in UTF-8 bytes.</summary>
    public const int MaxIdBytes = 512;

    /// <summary>Deepest nesting of a JSON message.</summary>
    public const int MaxDepth = 64;

    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = MaxDepth };
    private static readonly SearchValues<byte> JsonSpace = SearchValues.Create(" \t\r\n"u8);

    /// <summary>How everything below the object itself is parsed, that of unknown fields included.</summary>
    internal static readonly JsonDocumentOptions NestedOptions = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    private readonly int _maxBytes;

    /// <summary>A decoder with the topology's limits.</summary>
    public MessageDecoder(EnrichmentOptions options) => _maxBytes = options.MaxMessageBytes;

    /// <summary>Reads one message; never throws on its content.</summary>
    public StageOutcome<DecodedMessage> Decode(SourceMessage message)
    {
        string? id = null;
        if (message.Key is { } key)
        {
            if (!Utf8.IsValid(key.Span))
                return Fail(ErrorCodes.InvalidUtf8, "the message key is not valid UTF-8");
            if (key.Length > MaxIdBytes)
                return Fail(ErrorCodes.InvalidId, $"the message key has {key.Length} bytes; at most {MaxIdBytes} are allowed");
            id = Encoding.UTF8.GetString(key.Span);
            if (CheckId(id) is { } wrong)
                return Fail(ErrorCodes.InvalidId, $"the message key {wrong}");
        }

        if (message.Value is not { } value)
        {
            return id is null
                ? Fail(ErrorCodes.InvalidId, "a null value deletes the document named by the message key, and there is no key")
                : new DecodedMessage(id, null);
        }

        if (value.Length > _maxBytes)
            return Fail(ErrorCodes.MessageTooLarge, $"the value has {value.Length} bytes; max_message_bytes is {_maxBytes}");
        var bytes = value.Span;
        if (!Utf8.IsValid(bytes))
            return Fail(ErrorCodes.InvalidUtf8, "the value is not valid UTF-8");
        if (bytes.StartsWith("\uFEFF"u8))
            bytes = bytes[3..];

        var first = bytes.IndexOfAnyExcept(JsonSpace);
        if ((first < 0 || bytes[first] != (byte)'{') && !IsSaidToBeJson(message))
        {
            id ??= DefaultId(message);
            return new DecodedMessage(id, new TextMessage
            {
                Id = id,
                Text = Encoding.UTF8.GetString(bytes),
                EventTime = InRange(message.Timestamp),
            });
        }

        if (LoneSurrogates.AreEscapedIn(bytes))
            return Fail(ErrorCodes.LoneSurrogate, "the JSON has an escaped surrogate without its partner");
        try
        {
            return DecodeJson(bytes, id, message);
        }
        catch (JsonException exception)
        {
            return Fail(ErrorCodes.MalformedJson, Describe(exception));
        }
    }

    private static StageOutcome<DecodedMessage> DecodeJson(ReadOnlySpan<byte> bytes, string? id, SourceMessage message)
    {
        scoped var reader = new Utf8JsonReader(bytes, ReaderOptions);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            return Fail(ErrorCodes.MalformedJson, "the value must be a JSON object");
        var fields = default(Fields);
        var unknown = new UnknownFields(bytes, stackalloc UnknownFields.Name[UnknownFields.UsualNames]);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = FieldOf(ref reader);
            if (field != Field.Unknown && !fields.Add(field))
                return Fail(ErrorCodes.MalformedJson, $"the field '{NameOf(field)}' occurs twice");
            if (field == Field.Unknown)
            {
                unknown.Read(ref reader);
                continue;
            }

            reader.Read();
            if (field == Field.Metadata)
            {
                var element = ReadElement(ref reader, bytes);
                if (element.ValueKind != JsonValueKind.Null)
                    fields.Metadata = element;
                continue;
            }

            if (reader.TokenType == JsonTokenType.Null && field != Field.Text)
                continue;
            if (reader.TokenType != JsonTokenType.String)
                return Fail(ErrorCodes.InvalidField, $"'{NameOf(field)}' must be a string");
            switch (field)
            {
                case Field.Text: fields.Text = reader.GetString(); break;
                case Field.Id:
                    // Most producers repeat the key, which has been checked.
                    if (id is null || !reader.ValueTextEquals(id))
                        fields.Id = reader.GetString();
                    break;
                case Field.Language: fields.Language = reader.GetString(); break;
                case Field.Source: fields.Source = reader.GetString(); break;
                default:
                    if (!TryReadTime(ref reader, out var time))
                        return Fail(ErrorCodes.InvalidField, "'event_time' must be an ISO 8601 date and time with an offset, from 1970 to 9999");
                    fields.EventTime = time;
                    break;
            }
        }

        // Past the closing brace only white space may follow; the reader throws on anything else.
        while (reader.Read())
        {
        }

        if (!unknown.TryTake(out var others))
            return Fail(ErrorCodes.MalformedJson, "a field unknown to the schema occurs twice, or one inside of it");
        if (fields.Text is null)
            return Fail(ErrorCodes.InvalidField, "'text' is missing");
        if (fields.Id is not null && CheckId(fields.Id) is { } wrong)
            return Fail(ErrorCodes.InvalidId, $"'id' {wrong}");
        id ??= fields.Id ?? DefaultId(message);
        return new DecodedMessage(id, new TextMessage
        {
            Id = id,
            Text = fields.Text,
            Language = fields.Language,
            Source = fields.Source,
            EventTime = fields.EventTime ?? InRange(message.Timestamp),
            Metadata = fields.Metadata,
            Unknown = others,
        });
    }

    private static bool IsSaidToBeJson(SourceMessage message)
    {
        foreach (var header in message.Headers)
        {
            if (header.Name.Equals(MessageHeader.ContentType, StringComparison.OrdinalIgnoreCase))
                return header.Value is { } value && (value.AsSpan().SequenceEqual("application/json"u8) || value.AsSpan().StartsWith("application/json;"u8));
        }

        return false;
    }

    private static JsonElement ReadElement(ref Utf8JsonReader reader, ReadOnlySpan<byte> bytes)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return JsonElement.Parse(bytes[start..(int)reader.BytesConsumed], NestedOptions);
    }

    private static bool TryReadTime(ref Utf8JsonReader reader, out DateTimeOffset time)
    {
        // Without an offset the reader would take the machine's own zone.
        if (!reader.TryGetDateTimeOffset(out time) || reader.ValueIsEscaped)
            return false;
        var raw = reader.ValueSpan;
        var clock = raw.IndexOf((byte)'T');
        if (clock < 0 || raw[clock..].IndexOfAny("Z+-"u8) < 0)
            return false;
        return time.UtcDateTime.Year is >= 1970 and <= 9999;
    }

    /// <summary>Brokers hand out timestamps such as -1 when they have none; those become the epoch.</summary>
    private static DateTimeOffset InRange(DateTimeOffset time) => time < DateTimeOffset.UnixEpoch ? DateTimeOffset.UnixEpoch : time;

    private static string DefaultId(SourceMessage message) =>
        string.Create(CultureInfo.InvariantCulture, $"{message.Partition.Topic}-{message.Partition.Partition}-{message.Offset}");

    private static string? CheckId(string id)
    {
        if (id.Length == 0)
            return "is empty";
        if (id.Length > MaxIdBytes || Encoding.UTF8.GetByteCount(id) > MaxIdBytes)
            return $"has more than {MaxIdBytes} bytes";
        foreach (var unit in id)
        {
            if (char.IsControl(unit))
                return "has control characters";
        }

        return null;
    }

    private static StageFailure Fail(string code, string reason) => new(Stage, code, reason);

    /// <summary>The reader's own message may quote the document; only the place is kept.</summary>
    private static string Describe(JsonException exception) => string.Create(
        CultureInfo.InvariantCulture,
        $"the value starts like JSON but is not valid (line {(exception.LineNumber ?? 0) + 1}, byte {exception.BytePositionInLine ?? 0})");

    private static Field FieldOf(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("text"u8) ? Field.Text :
        reader.ValueTextEquals("id"u8) ? Field.Id :
        reader.ValueTextEquals("event_time"u8) ? Field.EventTime :
        reader.ValueTextEquals("language"u8) ? Field.Language :
        reader.ValueTextEquals("source"u8) ? Field.Source :
        reader.ValueTextEquals("metadata"u8) ? Field.Metadata :
        Field.Unknown;

    /// <summary>Whether the schema names this field.</summary>
    internal static bool IsKnown(JsonProperty property)
    {
        for (var field = Field.Text; field <= Field.Metadata; field++)
        {
            if (property.NameEquals(NameOf(field)))
                return true;
        }

        return false;
    }

    private static string NameOf(Field field) => field switch
    {
        Field.Text => "text",
        Field.Id => "id",
        Field.EventTime => "event_time",
        Field.Language => "language",
        Field.Source => "source",
        _ => "metadata",
    };

    private enum Field
    {
        Unknown,
        Text,
        Id,
        EventTime,
        Language,
        Source,
        Metadata,
    }

    private struct Fields
    {
        public string? Id;
        public string? Text;
        public string? Language;
        public string? Source;
        public DateTimeOffset? EventTime;
        public JsonElement? Metadata;
        private int _seen;

        public bool Add(Field field)
        {
            var bit = 1 << (int)field;
            if ((_seen & bit) != 0)
                return false;
            _seen |= bit;
            return true;
        }
    }
}
