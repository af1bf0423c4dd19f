using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Streaming.Text.Tokenization.Subwords;

/// <summary>The merges of a byte-pair encoding: joins neighbours, the earliest learnt pair first, leftmost among equals (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909).</summary>
internal sealed class BpeMerges
{
    /// <summary>Up to here a word is scanned again for each merge; above, a heap keeps the order.</summary>
    private const int ShortWord = 32;
    private const int NoMerge = int.MaxValue;

    private readonly ulong[] _pairs;
    private readonly (int Rank, int Id)[] _merges;
    private readonly int _shift;

    /// <summary>Builds the table.</summary>
    /// <param name="merges">Left id, right id and id of what they become, in the order learnt; of equal pairs the last counts.</param>
    internal BpeMerges(IReadOnlyList<(int Left, int Right, int Id)> merges)
    {
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, merges.Count * 2));
        _shift = 64 - BitOperations.Log2((uint)size);
        _pairs = new ulong[size];
        _pairs.AsSpan().Fill(ulong.MaxValue);
        _merges = new (int, int)[size];
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var key = Key(merges[rank].Left, merges[rank].Right);
            var slot = Slot(key);
            while (_pairs[slot] != ulong.MaxValue && _pairs[slot] != key)
                slot = (slot + 1) & (size - 1);
            _pairs[slot] = key;
            _merges[slot] = (rank, merges[rank].Id);
        }
    }

    /// <summary>Merges the symbols of a word in place.</summary>
    /// <param name="ids">Ids of the symbols.</param>
    /// <param name="lengths">How many first symbols each stands for.</param>
    /// <returns>How many are left, at the beginning of both.</returns>
    internal int Merge(Span<int> ids, Span<int> lengths) =>
        ids.Length < 2 ? ids.Length : ids.Length <= ShortWord ? MergeShort(ids, lengths) : MergeLong(ids, lengths);

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Slot(ulong key) => (int)((key * 0x9E3779B97F4A7C15) >> _shift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (int Rank, int Id) Find(int left, int right)
    {
        var key = Key(left, right);
        for (var slot = Slot(key); ; slot = (slot + 1) & (_pairs.Length - 1))
        {
            if (_pairs[slot] == key)
                return _merges[slot];
            if (_pairs[slot] == ulong.MaxValue)
                return (NoMerge, 0);
        }
    }

    private int MergeShort(Span<int> ids, Span<int> lengths)
    {
        Span<int> ranks = stackalloc int[ShortWord];
        Span<int> results = stackalloc int[ShortWord];
        var count = ids.Length;
        for (var i = 0; i + 1 < count; i++)
            (ranks[i], results[i]) = Find(ids[i], ids[i + 1]);
        while (true)
        {
            var (best, at) = (NoMerge, -1);
            for (var i = 0; i + 1 < count; i++)
            {
                if (ranks[i] < best)
                    (best, at) = (ranks[i], i);
            }

            if (at < 0)
                return count;
            ids[at] = results[at];
            lengths[at] += lengths[at + 1];
            count--;
            ids[(at + 2)..(count + 1)].CopyTo(ids[(at + 1)..]);
            lengths[(at + 2)..(count + 1)].CopyTo(lengths[(at + 1)..]);
            if (at + 1 < count)
            {
                ranks[(at + 2)..count].CopyTo(ranks[(at + 1)..]);
                results[(at + 2)..count].CopyTo(results[(at + 1)..]);
                (ranks[at], results[at]) = Find(ids[at], ids[at + 1]);
            }

            if (at > 0)
                (ranks[at - 1], results[at - 1]) = Find(ids[at - 1], ids[at]);
        }
    }

    private int MergeLong(Span<int> ids, Span<int> lengths)
    {
        var count = ids.Length;
        var links = ArrayPool<int>.Shared.Rent(2 * count);
        try
        {
            var next = links.AsSpan(0, count);
            var previous = links.AsSpan(count, count);
            var heap = new PriorityQueue<(int At, int Left, int Right, int Id), (int Rank, int At)>(count);
            for (var i = 0; i < count; i++)
            {
                next[i] = i + 1 < count ? i + 1 : -1;
                previous[i] = i - 1;
                Enqueue(heap, ids, i, next[i]);
            }

            while (heap.TryDequeue(out var merge, out _))
            {
                // Out of date when either side has become something else meanwhile; length 0 marks what was swallowed.
                var right = next[merge.At];
                if (lengths[merge.At] == 0 || right < 0 || ids[merge.At] != merge.Left || ids[right] != merge.Right)
                    continue;
                ids[merge.At] = merge.Id;
                lengths[merge.At] += lengths[right];
                lengths[right] = 0;
                next[merge.At] = next[right];
                if (next[right] >= 0)
                    previous[next[right]] = merge.At;
                Enqueue(heap, ids, merge.At, next[merge.At]);
                if (previous[merge.At] >= 0)
                    Enqueue(heap, ids, previous[merge.At], merge.At);
            }

            var kept = 0;
            for (var i = 0; i >= 0; i = next[i])
                (ids[kept], lengths[kept++]) = (ids[i], lengths[i]);
            return kept;
        }
        finally
        {
            ArrayPool<int>.Shared.Return(links);
        }
    }

    private void Enqueue(PriorityQueue<(int At, int Left, int Right, int Id), (int Rank, int At)> heap, Span<int> ids, int left, int right)
    {
        if (right < 0)
            return;
        var (rank, id) = Find(ids[left], ids[right]);
        if (rank != NoMerge)
            heap.Enqueue((left, ids[left], ids[right], id), (rank, left));
    }
}
