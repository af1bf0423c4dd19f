using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Streaming.Learning.FineTuning;

/// <summary>
/// TensorBoard's event file: records of length, masked CRC of the length, <c>Event</c> message, masked CRC of the message
/// (tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto).
/// </summary>
internal sealed class EventFile : IDisposable
{
    private readonly FileStream _file;
    private readonly TimeProvider _time;

    public EventFile(string path, TimeProvider time)
    {
        _time = time;
        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
        if (_file.Length == 0)
            Write(Event(0, Message(3, Encoding.ASCII.GetBytes("brain.Event:2"))));
    }

    /// <summary>Adds a point of a curve.</summary>
    public void Scalar(int step, string tag, float value)
    {
        var number = new byte[5];
        number[0] = (2 << 3) | 5;
        BinaryPrimitives.WriteSingleLittleEndian(number.AsSpan(1), value);
        byte[] point = [.. Message(1, Encoding.UTF8.GetBytes(tag)), .. number];
        Write(Event(step, Message(5, Message(1, point))));
    }

    public void Flush() => _file.Flush();

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>CRC-32C, rotated and shifted as the format wants it.</summary>
    internal static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
            crc = BitOperations.Crc32C(crc, value);
        crc = ~crc;
        return BitOperations.RotateRight(crc, 15) + 0xA282EAD8u;
    }

    private byte[] Event(int step, byte[] content)
    {
        var time = new byte[9];
        time[0] = (1 << 3) | 1;
        BinaryPrimitives.WriteDoubleLittleEndian(time.AsSpan(1), _time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
        return [.. time, 2 << 3, .. Varint((ulong)step), .. content];
    }

    private static byte[] Message(int field, byte[] content) => [(byte)((field << 3) | 2), .. Varint((ulong)content.Length), .. content];

    private static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }

    private void Write(byte[] record)
    {
        Span<byte> length = stackalloc byte[8];
        Span<byte> crc = stackalloc byte[4];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)record.Length);
        _file.Write(length);
        BinaryPrimitives.WriteUInt32LittleEndian(crc, MaskedCrc(length));
        _file.Write(crc);
        _file.Write(record);
        BinaryPrimitives.WriteUInt32LittleEndian(crc, MaskedCrc(record));
        _file.Write(crc);
    }
}
