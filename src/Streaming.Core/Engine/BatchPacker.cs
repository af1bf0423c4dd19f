namespace Streaming.Core.Engine;

/// <summary>Packs sequences that are all known beforehand, by the rule of <see cref="MicroBatcher{T}"/>: offline work, training, benchmarks.</summary>
public static class BatchPacker
{
    /// <summary>Sorts by length and cuts into batches under the budget.</summary>
    /// <param name="lengths">Tokens of each sequence, at least 1.</param>
    /// <param name="options">Budget.</param>
    /// <returns>Indices into <paramref name="lengths"/>, each exactly once; the longest first within and between batches.</returns>
    public static IReadOnlyList<int[]> Pack(ReadOnlySpan<int> lengths, BatchingOptions options)
    {
        var budget = new BatchBudget(options);
        var order = new int[lengths.Length];
        var keys = new long[lengths.Length];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;

            // Longest first, equal lengths in their order.
            keys[i] = ((long)(int.MaxValue - lengths[i]) << 32) | (uint)i;
        }

        Array.Sort(keys, order);
        var batches = new List<int[]>();
        var start = 0;
        while (start < order.Length)
        {
            var padded = lengths[order[start]];
            long tokens = padded;
            var end = start + 1;
            while (end < order.Length
                && budget.Fits(padded, end - start + 1)
                && !BatchBudget.IsWasteful(padded, end - start + 1, tokens + lengths[order[end]]))
            {
                tokens += lengths[order[end++]];
            }

            batches.Add(order[start..end]);
            start = end;
        }

        return batches;
    }
}
