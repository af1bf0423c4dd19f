namespace Streaming.Learning.FineTuning;

/// <summary>Rows that go through the encoder together, with what the backend is told of them.</summary>
internal sealed record RowBatch(IReadOnlyList<TuningRow> Rows, TrainingBatch Batch)
{
    /// <summary>Lays rows out.</summary>
    /// <param name="rows">At least one.</param>
    /// <param name="head">Index of the head.</param>
    /// <param name="ofWords">Whether units are the rows' words, or the rows.</param>
    /// <param name="lossScale">Multiplies the gradients.</param>
    public static RowBatch Of(IReadOnlyList<TuningRow> rows, int head, bool ofWords, double lossScale = 1)
    {
        var length = rows.Max(r => r.Ids.Length);
        var ids = new int[rows.Count * length];
        var units = new List<int>();
        for (var row = 0; row < rows.Count; row++)
        {
            rows[row].Ids.CopyTo(ids, row * length);
            if (!ofWords)
                units.Add(row);
            foreach (var place in rows[row].Places)
                units.Add((row * length) + place);
        }

        return new RowBatch(rows, new TrainingBatch
        {
            Head = head,
            Rows = rows.Count,
            Length = length,
            Ids = ids,
            Lengths = [.. rows.Select(r => r.Ids.Length)],
            Units = [.. units],
            LossScale = (float)lossScale,
        });
    }

    /// <summary>Cuts rows, in the order given, into batches of at most so many tokens, padding counted; a longer row goes alone.</summary>
    public static List<List<TuningRow>> Cut(IEnumerable<TuningRow> rows, int maxTokens)
    {
        var batches = new List<List<TuningRow>>();
        var longest = 0;
        foreach (var row in rows)
        {
            var would = Math.Max(longest, row.Ids.Length);
            if (batches.Count == 0 || (batches[^1].Count + 1) * would > maxTokens)
            {
                batches.Add([]);
                would = row.Ids.Length;
            }

            longest = would;
            batches[^1].Add(row);
        }

        return batches;
    }
}
