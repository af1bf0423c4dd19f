namespace Streaming.Learning.Selection;

/// <summary>
/// Finds texts that are nearly the same as one seen before, by banded MinHash signatures (Leskovec, Rajaraman, Ullman, Mining
/// of Massive Datasets, 3.4). Holds the latest so many; memory is bounded. Not safe for concurrent use.
/// </summary>
/// <remarks>16 bands of 4 places: two texts of similarity 0.8 meet in a band with probability 0.9998, of 0.5 with 0.64, and are then compared.</remarks>
public sealed class NearDuplicateIndex
{
    private const int Bands = 16;
    private const int Rows = MinHasher.Size / Bands;

    private readonly MinHasher _hasher;
    private readonly double _threshold;
    private readonly uint[] _signatures;
    private readonly string?[] _ids;
    private readonly Dictionary<ulong, List<int>> _bands = [];
    private readonly uint[] _probe = new uint[MinHasher.Size];
    private int _next;

    /// <param name="capacity">Texts held; the oldest is forgotten for the next. At least 1.</param>
    /// <param name="threshold">Estimated Jaccard similarity from which on texts are nearly the same, 0–1.</param>
    /// <param name="seed">Draws the hash functions.</param>
    public NearDuplicateIndex(int capacity, double threshold, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _hasher = new MinHasher(seed);
        _threshold = threshold;
        _signatures = new uint[capacity * MinHasher.Size];
        _ids = new string?[capacity];
    }

    /// <summary>Texts held.</summary>
    public int Count { get; private set; }

    /// <summary>The id of a text that is nearly the same, or null.</summary>
    public string? Find(ReadOnlySpan<char> text)
    {
        _hasher.Sign(text, _probe);
        string? found = null;
        var best = _threshold;
        for (var band = 0; band < Bands; band++)
        {
            if (!_bands.TryGetValue(KeyOf(_probe, band), out var slots))
                continue;
            foreach (var slot in slots)
            {
                var similarity = MinHasher.Similarity(_probe, Signature(slot));
                if (similarity >= best && (found is null || similarity > best))
                    (found, best) = (_ids[slot], similarity);
            }
        }

        return found;
    }

    /// <summary>Remembers a text.</summary>
    public void Add(string id, ReadOnlySpan<char> text)
    {
        var slot = _next;
        _next = (_next + 1) % _ids.Length;
        if (_ids[slot] is not null)
            Forget(slot);
        else
            Count++;
        _ids[slot] = id;
        var signature = Signature(slot);
        _hasher.Sign(text, signature);
        for (var band = 0; band < Bands; band++)
        {
            var key = KeyOf(signature, band);
            if (!_bands.TryGetValue(key, out var slots))
                _bands[key] = slots = new List<int>(1);
            // Texts that are much the same in thousands need not all be found again: a few stand for them.
            if (slots.Count < 8)
                slots.Add(slot);
        }
    }

    private Span<uint> Signature(int slot) => _signatures.AsSpan(slot * MinHasher.Size, MinHasher.Size);

    private void Forget(int slot)
    {
        var signature = Signature(slot);
        for (var band = 0; band < Bands; band++)
        {
            var key = KeyOf(signature, band);
            if (_bands.TryGetValue(key, out var slots) && slots.Remove(slot) && slots.Count == 0)
                _bands.Remove(key);
        }
    }

    private static ulong KeyOf(ReadOnlySpan<uint> signature, int band)
    {
        var key = (ulong)band;
        foreach (var value in signature.Slice(band * Rows, Rows))
            key = (key ^ value) * 0x9E3779B97F4A7C15UL ^ (key >> 29);
        return key;
    }
}
