using System.Buffers.Binary;

namespace Streaming.Core.Models.Bundle;

/// <summary>Walks the fields of a protobuf message (ONNX graphs, SentencePiece models); anything malformed is a coded error.</summary>
/// <param name="message">The message.</param>
/// <param name="refuse">Makes the error of a reason.</param>
public ref struct ProtoReader(ReadOnlySpan<byte> message, Func<string, StreamingException> refuse)
{
    private ReadOnlySpan<byte> _rest = message;
    private int _wire;

    /// <summary>Goes to the next field; its value has to be read or skipped.</summary>
    public bool Next(out int field)
    {
        field = 0;
        if (_rest.IsEmpty)
            return false;
        var tag = Raw();
        _wire = (int)(tag & 7);
        if (tag >> 3 is 0 or > 536_870_911)
            throw refuse("a field has an impossible number");
        field = (int)(tag >> 3);
        return true;
    }

    /// <summary>A whole number.</summary>
    public ulong Varint() => _wire == 0 ? Raw() : throw refuse("a field has the wrong type");

    /// <summary>A message or bytes.</summary>
    public ReadOnlySpan<byte> Message() => _wire == 2 ? Take(Raw()) : throw refuse("a field has the wrong type");

    /// <summary>A single.</summary>
    public float Single() => _wire == 5 ? BinaryPrimitives.ReadSingleLittleEndian(Take(4)) : throw refuse("a field has the wrong type");

    /// <summary>Passes over the value.</summary>
    public void Skip()
    {
        switch (_wire)
        {
            case 0:
                Raw();
                break;
            case 1:
                Take(8);
                break;
            case 2:
                Take(Raw());
                break;
            case 5:
                Take(4);
                break;
            default:
                throw refuse("a field has an unknown type");
        }
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)_rest.Length)
            throw refuse("it is truncated");
        var taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }

    private ulong Raw()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
        throw refuse("a number is too long");
    }
}
