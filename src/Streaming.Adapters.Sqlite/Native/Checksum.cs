using System.Numerics;
using System.Runtime.InteropServices;

namespace Streaming.Adapters.Sqlite.Native;

/// <summary>CRC-32C over the parts of a row, so that it is never read as good when it is not what was written.</summary>
internal struct Checksum
{
    private uint _state;

    internal readonly long Value => _state ^ 0xFFFF_FFFF;

    internal static Checksum Start(long seed)
    {
        var sum = new Checksum { _state = 0xFFFF_FFFF };
        sum.Add(seed);
        return sum;
    }

    internal void Add(long value) => _state = BitOperations.Crc32C(_state, (ulong)value);

    /// <summary>Bytes with their number in front; null differs from empty.</summary>
    internal void Add(ReadOnlyMemory<byte>? bytes)
    {
        if (bytes is { } present)
            Add(present.Span);
        else
            Add(-1L);
    }

    internal void Add(ReadOnlySpan<byte> bytes)
    {
        Add((long)bytes.Length);
        var state = _state;
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
            state = BitOperations.Crc32C(state, word);
        foreach (var b in bytes[(words.Length * sizeof(ulong))..])
            state = BitOperations.Crc32C(state, b);
        _state = state;
    }
}
