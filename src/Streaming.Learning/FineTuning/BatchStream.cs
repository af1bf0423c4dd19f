namespace Streaming.Learning.FineTuning;

/// <summary>
/// Endless batches of a task's rows, each row once a pass. Rows are shuffled, sorted by length within chunks of many batches so that little is
/// padding, cut by a token budget, and the batches shuffled again. A pass depends on the seed and its number alone.
/// </summary>
internal sealed class BatchStream(IReadOnlyList<TuningRow> rows, int maxTokens, ulong seed)
{
    /// <summary>Batches of a chunk, about.</summary>
    private const int ChunkBatches = 32;

    private List<List<TuningRow>>? _batches;

    /// <summary>Pass that the next batch is of, from 0.</summary>
    public int Pass { get; private set; }

    /// <summary>Its place in the pass.</summary>
    public int Index { get; private set; }

    /// <summary>Batches of the first pass.</summary>
    public int FirstPass { get; } = Plan(rows, maxTokens, seed, 0).Count;

    /// <summary>The next batch.</summary>
    public List<TuningRow> Next()
    {
        _batches ??= Plan(rows, maxTokens, seed, Pass);
        if (Index == _batches.Count)
        {
            (Pass, Index) = (Pass + 1, 0);
            _batches = Plan(rows, maxTokens, seed, Pass);
        }

        return _batches[Index++];
    }

    /// <summary>Goes on from a place.</summary>
    public void Seek(int pass, int index) => (Pass, Index, _batches) = (pass, index, null);

    private static List<List<TuningRow>> Plan(IReadOnlyList<TuningRow> rows, int maxTokens, ulong seed, int pass)
    {
        if (rows.Count == 0)
            throw new InvalidOperationException("This is a bug: a task without rows got a stream of batches.");
        var random = new SeededRandom(seed + (0x9E3779B97F4A7C15UL * (ulong)(pass + 1)));
        var order = rows.ToArray();
        random.Shuffle(order.AsSpan());
        var batches = new List<List<TuningRow>>();
        var (start, tokens) = (0, 0);
        for (var i = 0; i < order.Length; i++)
        {
            tokens += order[i].Ids.Length;
            if (tokens < maxTokens * ChunkBatches && i + 1 < order.Length)
                continue;
            batches.AddRange(RowBatch.Cut(order[start..(i + 1)].OrderByDescending(r => r.Ids.Length), maxTokens));
            (start, tokens) = (i + 1, 0);
        }

        random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(batches));
        return batches;
    }
}
