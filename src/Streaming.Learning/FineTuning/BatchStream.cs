namespace Streaming.Learning.FineTuning;

/// <summary>
/// Endless batches of a task's rows, each row once a pass. Rows are shuffled, sorted by length within chunks of many batches so that little is
/// padding, cut by a token budget, and the batches shuffled again. A pass depends on the seed and its number alone.
/// </summary>
/// <param name="rowsOf">Rows of a pass, from 0; there are some in the last of <paramref name="passes"/> and every later one.</param>
/// <param name="passes">Passes that tell how long one is.</param>
/// <param name="maxTokens">Tokens of a batch.</param>
/// <param name="seed">Of shuffles.</param>
internal sealed class BatchStream(Func<int, IReadOnlyList<TuningRow>> rowsOf, int passes, int maxTokens, ulong seed)
{
    /// <summary>Batches of a chunk, about.</summary>
    private const int ChunkBatches = 32;

    private List<List<TuningRow>>? _batches;

    /// <summary>A stream with the same rows in every pass.</summary>
    public BatchStream(IReadOnlyList<TuningRow> rows, int maxTokens, ulong seed)
        : this(_ => rows, 1, maxTokens, seed)
    {
    }

    /// <summary>Pass that the next batch is of, from 0.</summary>
    public int Pass { get; private set; }

    /// <summary>Its place in the pass.</summary>
    public int Index { get; private set; }

    /// <summary>Batches of a pass: mean of those that tell.</summary>
    public double PassLength { get; } = Enumerable.Range(0, passes).Average(pass => Plan(rowsOf(pass), maxTokens, seed, pass).Count);

    /// <summary>The next batch.</summary>
    public List<TuningRow> Next()
    {
        if (PassLength == 0)
            throw new InvalidOperationException("This is a bug: a task without rows got a stream of batches.");
        _batches ??= Plan(rowsOf(Pass), maxTokens, seed, Pass);
        while (Index == _batches.Count)
        {
            (Pass, Index) = (Pass + 1, 0);
            _batches = Plan(rowsOf(Pass), maxTokens, seed, Pass);
        }

        return _batches[Index++];
    }

    /// <summary>Goes on from a place.</summary>
    public void Seek(int pass, int index) => (Pass, Index, _batches) = (pass, index, null);

    private static List<List<TuningRow>> Plan(IReadOnlyList<TuningRow> rows, int maxTokens, ulong seed, int pass)
    {
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
