using System.Buffers.Binary;
using System.Text;

namespace Streaming.Text.Tokenization.Normalizing;

/// <summary>
/// SentencePiece's precompiled normaliser: a double-array trie over UTF-8 bytes whose values point at NUL-terminated
/// replacements (format: Darts-clone, https://github.com/s-yata/darts-clone). The blob comes from a file and is not
/// trusted: whatever points outside it counts as no entry.
/// </summary>
internal sealed class CharsMap
{
    // The longest replacement of NFKC has 18 scalars; a longer one is an attack on memory.
    private const int MaxReplacementBytes = 256;
    private const int None = -1;

    /// <summary>Combining marks begin here.</summary>
    internal const int FirstJoining = 0x300;

    private readonly bool[] _isPlain = new bool[FirstJoining];
    private readonly uint[] _trie;
    private readonly byte[] _replacements;
    private readonly int[] _basic = new int[0x10000];

    private CharsMap(uint[] trie, byte[] replacements)
    {
        (_trie, _replacements) = (trie, replacements);
        Span<byte> bytes = stackalloc byte[4];
        for (var scalar = 0; scalar < _basic.Length; scalar++)
            _basic[scalar] = Rune.IsValid(scalar) ? Search(bytes[..new Rune(scalar).EncodeToUtf8(bytes)]) : None;

        // A carriage return may be mapped together with the line feed behind it.
        for (var scalar = 0; scalar < FirstJoining; scalar++)
            _isPlain[scalar] = _basic[scalar] == None && scalar != '\r';
    }

    /// <summary>Whether a text certainly stays as it is.</summary>
    internal bool IsPlain(ReadOnlySpan<int> scalars)
    {
        foreach (var scalar in scalars)
        {
            if ((uint)scalar >= FirstJoining || !_isPlain[scalar])
                return false;
        }

        return true;
    }

    /// <summary>Reads a blob.</summary>
    /// <exception cref="Core.StreamingException"><c>tokenizer_invalid</c>.</exception>
    internal static CharsMap Parse(ReadOnlySpan<byte> blob)
    {
        if (blob.Length < 4 || BinaryPrimitives.ReadUInt32LittleEndian(blob) is var size && (size % 4 != 0 || size == 0 || size > blob.Length - 4))
            throw WordPieceFile.Invalid("its precompiled character map is damaged");
        var trie = new uint[size / 4];
        for (var i = 0; i < trie.Length; i++)
            trie[i] = BinaryPrimitives.ReadUInt32LittleEndian(blob[(4 + (4 * i))..]);
        var replacements = blob[(int)(4 + size)..].ToArray();
        var start = 0;
        for (var i = 0; i <= replacements.Length; i++)
        {
            if (i < replacements.Length && replacements[i] != 0)
                continue;
            if (i - start > MaxReplacementBytes || !System.Text.Unicode.Utf8.IsValid(replacements.AsSpan(start, i - start)))
                throw WordPieceFile.Invalid("its precompiled character map has a replacement that is too long or not UTF-8");
            start = i + 1;
        }

        return new CharsMap(trie, replacements);
    }

    /// <summary>Whether a scalar is mapped on its own, and to what (UTF-8).</summary>
    internal bool TryMap(int scalar, out ReadOnlySpan<byte> replacement)
    {
        int at;
        if (scalar < 0x10000)
        {
            at = _basic[scalar];
        }
        else
        {
            Span<byte> bytes = stackalloc byte[4];
            at = Search(bytes[..new Rune(scalar).EncodeToUtf8(bytes)]);
        }

        replacement = at < 0 ? default : ReplacementAt(at);
        return at >= 0;
    }

    /// <summary>Whether some bytes, or a beginning of them (the shortest known), are mapped, and to what.</summary>
    internal bool TryMap(scoped ReadOnlySpan<byte> key, out ReadOnlySpan<byte> replacement)
    {
        var at = Search(key);
        replacement = at < 0 ? default : ReplacementAt(at);
        return at >= 0;
    }

    private ReadOnlySpan<byte> ReplacementAt(int at)
    {
        var rest = _replacements.AsSpan(at);
        var end = rest.IndexOf((byte)0);
        return end < 0 ? rest : rest[..end];
    }

    private int Search(scoped ReadOnlySpan<byte> key)
    {
        var node = Offset(_trie[0]);
        foreach (var label in key)
        {
            if (label == 0)
                return None;
            node ^= label;
            if (node >= (uint)_trie.Length)
                return None;
            var unit = _trie[node];
            if ((unit & 0x800000FF) != label)
                return None;
            node ^= Offset(unit);
            if ((unit & 0x100) == 0)
                continue;
            if (node >= (uint)_trie.Length)
                return None;
            var value = (int)(_trie[node] & 0x7FFFFFFF);

            // A value into the middle of a UTF-8 sequence is no entry either.
            return value < _replacements.Length && (_replacements[value] & 0xC0) != 0x80 ? value : None;
        }

        return None;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);
}
