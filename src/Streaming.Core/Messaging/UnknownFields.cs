using System.Buffers;
using System.Text.Json;

namespace Streaming.Core.Messaging;

/// <summary>Fields of a JSON object that the schema does not name, gathered as they stand and parsed together: one document, not one for each.</summary>
internal ref struct UnknownFields(int maxBytes)
{
    private byte[]? _buffer;
    private int _length;
    private int _count;

    /// <summary>Adds a field.</summary>
    /// <param name="field">Its name, the colon and its value, well-formed; all of them together are shorter than the object.</param>
    public void Add(ReadOnlySpan<byte> field)
    {
        _buffer ??= ArrayPool<byte>.Shared.Rent(maxBytes);
        _buffer[_length++] = _count++ == 0 ? (byte)'{' : (byte)',';
        field.CopyTo(_buffer.AsSpan(_length));
        _length += field.Length;
    }

    /// <summary>The fields; null when there are none.</summary>
    /// <returns>False when a name occurs twice, at any level.</returns>
    public readonly bool TryTake(out Dictionary<string, JsonElement>? fields)
    {
        fields = null;
        if (_buffer is null)
            return true;
        _buffer[_length] = (byte)'}';
        try
        {
            var root = JsonElement.Parse(_buffer.AsSpan(0, _length + 1), MessageDecoder.NestedOptions);
            fields = new Dictionary<string, JsonElement>(_count, StringComparer.Ordinal);
            foreach (var field in root.EnumerateObject())
                fields.Add(field.Name, field.Value);
            return true;
        }
        catch (JsonException)
        {
            // What the reader has accepted can only fail for a name that is there already.
            return false;
        }
    }

    /// <summary>Gives the buffer back.</summary>
    public readonly void Dispose()
    {
        if (_buffer is not null)
            ArrayPool<byte>.Shared.Return(_buffer);
    }
}
