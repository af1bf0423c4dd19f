using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Streaming.Adapters.Onnx.Graphs;

/// <summary>A protobuf message under construction. Large byte fields are kept by reference until it is written, so weights are never copied.</summary>
/// <remarks>Wire format: https://protobuf.dev/programming-guides/encoding. Fields are written in the order of the calls.</remarks>
internal sealed class ProtoMessage
{
    private const int VarintWire = 0;
    private const int LengthWire = 2;
    private const int Fixed32Wire = 5;

    private readonly List<ReadOnlyMemory<byte>> _segments = [];
    private ArrayBufferWriter<byte> _open = new();
    private long _closedLength;

    /// <summary>Bytes written so far.</summary>
    public long Length => _closedLength + _open.WrittenCount;

    public void Varint(int field, long value)
    {
        Tag(field, VarintWire);
        Raw((ulong)value);
    }

    public void Single(int field, float value)
    {
        Tag(field, Fixed32Wire);
        BinaryPrimitives.WriteSingleLittleEndian(_open.GetSpan(4), value);
        _open.Advance(4);
    }

    public void Text(int field, string value)
    {
        Tag(field, LengthWire);
        var count = Encoding.UTF8.GetByteCount(value);
        Raw((ulong)count);
        Encoding.UTF8.GetBytes(value, _open.GetSpan(count));
        _open.Advance(count);
    }

    public void Packed(int field, ReadOnlySpan<long> values)
    {
        var packed = new ProtoMessage();
        foreach (var value in values)
            packed.Raw((ulong)value);
        Message(field, packed);
    }

    public void Bytes(int field, ReadOnlyMemory<byte> value)
    {
        Tag(field, LengthWire);
        Raw((ulong)value.Length);
        Close();
        _segments.Add(value);
        _closedLength += value.Length;
    }

    public void Message(int field, ProtoMessage message)
    {
        message.Close();
        Tag(field, LengthWire);
        Raw((ulong)message.Length);
        Close();
        _segments.AddRange(message._segments);
        _closedLength += message._closedLength;
    }

    /// <summary>Adds another message's fields to this one.</summary>
    public void Append(ProtoMessage fields)
    {
        fields.Close();
        Close();
        _segments.AddRange(fields._segments);
        _closedLength += fields._closedLength;
    }

    public byte[] ToBytes()
    {
        Close();
        var bytes = new byte[Length];
        var position = 0;
        foreach (var segment in _segments)
        {
            segment.Span.CopyTo(bytes.AsSpan(position));
            position += segment.Length;
        }
        return bytes;
    }

    private void Tag(int field, int wire) => Raw((ulong)((field << 3) | wire));

    private void Raw(ulong value)
    {
        var span = _open.GetSpan(10);
        var count = 0;
        while (value >= 0x80)
        {
            span[count++] = (byte)(value | 0x80);
            value >>= 7;
        }
        span[count++] = (byte)value;
        _open.Advance(count);
    }

    private void Close()
    {
        if (_open.WrittenCount == 0)
            return;
        _segments.Add(_open.WrittenMemory);
        _closedLength += _open.WrittenCount;
        _open = new ArrayBufferWriter<byte>();
    }
}
