using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Streaming.Core.Models.Bundle;

/// <summary>Collects tensors and writes them as a safetensors file: the same tensors give the same bytes, whatever the order of adding.</summary>
public sealed class SafetensorsWriter
{
    private readonly SortedDictionary<string, (TensorType Type, long[] Shape, byte[] Data)> _tensors = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _metadata = new(StringComparer.Ordinal);

    /// <summary>Adds a free-form string.</summary>
    public void AddMetadata(string key, string value) => _metadata.Add(key, value);

    /// <summary>Adds a tensor of singles, row-major.</summary>
    public void Add(string name, ReadOnlySpan<float> values, params ReadOnlySpan<long> shape) =>
        Add(name, TensorType.F32, MemoryMarshal.AsBytes(values), shape);

    /// <summary>Adds a tensor of 32-bit integers, row-major.</summary>
    public void Add(string name, ReadOnlySpan<int> values, params ReadOnlySpan<long> shape) =>
        Add(name, TensorType.I32, MemoryMarshal.AsBytes(values), shape);

    /// <summary>Adds a tensor from its little-endian bytes.</summary>
    /// <exception cref="ArgumentException">The shape does not fit the bytes, or the name is taken.</exception>
    public void Add(string name, TensorType type, ReadOnlySpan<byte> data, params ReadOnlySpan<long> shape)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        long length = SafetensorsHeader.SizeOf(type);
        foreach (var dimension in shape)
            length = checked(length * dimension);
        if (length != data.Length)
            throw new ArgumentException($"The shape of '{name}' asks for {length} bytes, {data.Length} are given.", nameof(shape));
        _tensors.Add(name, (type, shape.ToArray(), data.ToArray()));
    }

    /// <summary>The whole file.</summary>
    public byte[] ToBytes()
    {
        var header = new ArrayBufferWriter<byte>();
        var dataLength = WriteHeader(header);
        // Data starts at a multiple of eight: mapped readers may cast in place. The format allows trailing spaces.
        var padded = (header.WrittenCount + 7) / 8 * 8;
        var file = new byte[checked(8 + padded + dataLength)];
        BinaryPrimitives.WriteInt64LittleEndian(file, padded);
        header.WrittenSpan.CopyTo(file.AsSpan(8));
        file.AsSpan(8 + header.WrittenCount, padded - header.WrittenCount).Fill((byte)' ');
        var position = 8 + padded;
        foreach (var (_, (_, _, data)) in _tensors)
        {
            data.CopyTo(file.AsSpan(position));
            position += data.Length;
        }
        return file;
    }

    private long WriteHeader(ArrayBufferWriter<byte> header)
    {
        using var json = new Utf8JsonWriter(header);
        json.WriteStartObject();
        if (_metadata.Count > 0)
        {
            json.WriteStartObject("__metadata__");
            foreach (var (key, value) in _metadata)
                json.WriteString(key, value);
            json.WriteEndObject();
        }
        long offset = 0;
        foreach (var (name, (type, shape, data)) in _tensors)
        {
            json.WriteStartObject(name);
            json.WriteString("dtype", SafetensorsHeader.Name(type));
            json.WriteStartArray("shape");
            foreach (var dimension in shape)
                json.WriteNumberValue(dimension);
            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(offset);
            offset += data.Length;
            json.WriteNumberValue(offset);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.Flush();
        return offset;
    }
}
