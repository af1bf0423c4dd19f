using System.Text.Json;

namespace Streaming.Core.Messaging;

/// <summary>
/// Fields of a JSON object that the schema does not name, gathered in the one pass over the message. What needs more than that pass
/// (escaped or very many names, line breaks, a name of the document's own) is parsed; all else is kept as it stands.
/// </summary>
/// <param name="json">The message.</param>
/// <param name="names">Room for the names of the objects that are open; more than this many are parsed.</param>
internal ref struct UnknownFields(ReadOnlySpan<byte> json, Span<UnknownFields.Name> names)
{
    /// <summary>How many names are usually enough.</summary>
    public const int UsualNames = 24;

    private readonly ReadOnlySpan<byte> _json = json;
    private readonly Span<Name> _names = names;
    private int _open;
    private int _count;
    private int _length;
    private bool _mustParse;
    private bool _repeats;

    /// <summary>Reads a field of the object, from its name to the end of its value.</summary>
    public void Read(ref Utf8JsonReader reader)
    {
        var start = (int)reader.TokenStartIndex;
        var depth = reader.CurrentDepth;
        Open(ref reader);
        var at = _open - 1;
        _mustParse |= !reader.ValueIsEscaped && DocumentFields.Contains(reader.ValueSpan);
        reader.Read();
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.CurrentDepth > depth)
            {
                if (reader.TokenType == JsonTokenType.PropertyName)
                    Open(ref reader);
                else if (reader.TokenType == JsonTokenType.EndObject)
                    Close(reader.CurrentDepth);
            }

            Close(depth);
        }

        _count++;
        if (_mustParse)
            return;
        var field = _json[start..(int)reader.BytesConsumed];
        _mustParse = field.ContainsAny((byte)'\n', (byte)'\r');
        _names[at].End = start + field.Length;
        _length += field.Length + 1;
    }

    /// <summary>The fields; null when there are none.</summary>
    /// <returns>False when a name occurs twice, at any level.</returns>
    public readonly bool TryTake(out IDictionary<string, JsonElement>? fields)
    {
        fields = null;
        if (_count == 0)
            return true;
        if (_repeats)
            return false;
        if (_mustParse)
            return TryParse(out fields);
        var raw = new byte[_length + 1];
        var end = 0;
        foreach (ref readonly var name in _names[.._open])
        {
            raw[end] = end == 0 ? (byte)'{' : (byte)',';
            end++;
            var field = _json[name.Start..name.End];
            field.CopyTo(raw.AsSpan(end));
            end += field.Length;
        }

        raw[end] = (byte)'}';
        fields = new RawFields(raw, _count);
        return true;
    }

    /// <summary>Puts a name on top of those that are open, once it is compared with those of its own object.</summary>
    private void Open(ref Utf8JsonReader reader)
    {
        if (reader.ValueIsEscaped || _open == _names.Length)
            _mustParse = true;
        if (_mustParse)
            return;
        var name = reader.ValueSpan;
        var depth = reader.CurrentDepth;
        for (var i = _open - 1; i >= 0 && _names[i].Depth == depth; i--)
            _repeats |= _json.Slice(_names[i].Start + 1, _names[i].Length).SequenceEqual(name);
        _names[_open++] = new Name { Start = (int)reader.TokenStartIndex, Length = name.Length, Depth = depth };
    }

    /// <summary>Takes off the names of an object that ended.</summary>
    private void Close(int depth)
    {
        while (_open > 0 && _names[_open - 1].Depth > depth)
            _open--;
    }

    private readonly bool TryParse(out IDictionary<string, JsonElement>? fields)
    {
        fields = null;
        try
        {
            var parsed = new Dictionary<string, JsonElement>(_count, StringComparer.Ordinal);
            foreach (var field in JsonElement.Parse(_json, MessageDecoder.NestedOptions).EnumerateObject())
            {
                if (!MessageDecoder.IsKnown(field))
                    parsed.Add(field.Name, field.Value);
            }

            fields = parsed;
            return true;
        }
        catch (JsonException)
        {
            // What the reader has accepted can only fail for a name that is there already.
            return false;
        }
    }

    /// <summary>A name in an object that is open, and, for a field of the message itself, where its value ends.</summary>
    internal struct Name
    {
        public int Start;
        public int Length;
        public int End;
        public int Depth;
    }
}
