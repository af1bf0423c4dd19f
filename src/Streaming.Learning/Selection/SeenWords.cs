namespace Streaming.Learning.Selection;

/// <summary>Remembers which words chosen texts had, in a Bloom filter of fixed size, so as to say how new another text is. Not safe for concurrent use.</summary>
/// <remarks>512 KiB, 4 places a word: with 400,000 different words one new word in 50 is taken for a known one.</remarks>
public sealed class SeenWords
{
    private const int Bits = 1 << 22;
    private const int Places = 4;

    private readonly ulong[] _bits = new ulong[Bits / 64];

    /// <summary>Share of a text's words that no remembered text had, 0–1; 0 for a text without words.</summary>
    public double Novelty(ReadOnlySpan<char> text)
    {
        int words = 0, unseen = 0;
        foreach (var word in new WordHashes(text))
        {
            words++;
            unseen += Has(word) ? 0 : 1;
        }

        return words == 0 ? 0 : (double)unseen / words;
    }

    /// <summary>Remembers a text's words.</summary>
    public void Add(ReadOnlySpan<char> text)
    {
        foreach (var word in new WordHashes(text))
        {
            for (var i = 0; i < Places; i++)
            {
                var bit = Place(word, i);
                _bits[bit >> 6] |= 1UL << (bit & 63);
            }
        }
    }

    private bool Has(ulong word)
    {
        for (var i = 0; i < Places; i++)
        {
            var bit = Place(word, i);
            if ((_bits[bit >> 6] & (1UL << (bit & 63))) == 0)
                return false;
        }

        return true;
    }

    // Two halves make as many hash functions as are wanted (Kirsch, Mitzenmacher 2006).
    private static int Place(ulong word, int i) => (int)(((uint)word + (ulong)i * (uint)(word >> 32)) % Bits);
}
