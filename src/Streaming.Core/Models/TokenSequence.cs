using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Streaming.Core.Models;

/// <summary>Token ids of one window of one text, special tokens included, no padding.</summary>
/// <param name="Ids">Ids in the encoder's vocabulary.</param>
public readonly record struct TokenSequence(ReadOnlyMemory<int> Ids)
{
    /// <summary>Number of tokens.</summary>
    public int Length => Ids.Length;

    /// <summary>What tells it from every other on disk: the first half of the SHA-256 of its ids.</summary>
    public UInt128 Key()
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(MemoryMarshal.AsBytes(Ids.Span), digest);
        return BinaryPrimitives.ReadUInt128LittleEndian(digest);
    }
}
