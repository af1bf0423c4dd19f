using System.Numerics;

namespace Streaming.Learning.Selection;

/// <summary>
/// MinHash signatures of a text's word shingles (Broder 1997): the share of equal places of two signatures estimates the
/// Jaccard similarity of the shingle sets. Case, punctuation and white space do not count. Immutable, safe for concurrent use.
/// </summary>
public sealed class MinHasher
{
    /// <summary>Places of a signature: the estimate's standard error is at most 1 / (2 √64) = 0.0625.</summary>
    public const int Size = 64;

    private const int ShingleWords = 3;

    private readonly ulong[] _factors = new ulong[Size];
    private readonly ulong[] _terms = new ulong[Size];

    /// <param name="seed">Draws the hash functions.</param>
    public MinHasher(ulong seed)
    {
        var random = new SeededRandom(seed);
        for (var i = 0; i < Size; i++)
            (_factors[i], _terms[i]) = (random.NextBits() | 1, random.NextBits());
    }

    /// <summary>The signature of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="signature">Receives <see cref="Size"/> values.</param>
    public void Sign(ReadOnlySpan<char> text, Span<uint> signature)
    {
        signature[..Size].Fill(uint.MaxValue);
        ulong first = 0, second = 0;
        var words = 0;
        foreach (var word in new WordHashes(text))
        {
            words++;
            if (words >= ShingleWords)
                Add(Mix(first, second, word), signature);
            (first, second) = (second, word);
        }

        // A text shorter than a shingle is one shingle.
        if (words is > 0 and < ShingleWords)
            Add(Mix(0, words == 2 ? first : 0, second), signature);
    }

    /// <summary>Estimated Jaccard similarity of the texts behind two signatures, 0–1.</summary>
    public static double Similarity(ReadOnlySpan<uint> left, ReadOnlySpan<uint> right)
    {
        var equal = 0;
        for (var i = 0; i < Size; i++)
            equal += left[i] == right[i] ? 1 : 0;
        return (double)equal / Size;
    }

    private void Add(ulong shingle, Span<uint> signature)
    {
        for (var i = 0; i < Size; i++)
        {
            var hash = (uint)((_factors[i] * shingle + _terms[i]) >> 32);
            if (hash < signature[i])
                signature[i] = hash;
        }
    }

    private static ulong Mix(ulong first, ulong second, ulong third) =>
        BitOperations.RotateLeft(BitOperations.RotateLeft(first * 0x9E3779B97F4A7C15UL, 23) + second * 0xC2B2AE3D27D4EB4FUL, 29) * 0x165667B19E3779F9UL ^ third * 0xFF51AFD7ED558CCDUL;
}
