namespace Streaming.Adapters.Onnx.Running;

/// <summary>Memory of one pass: inputs and hidden states, pinned, used again for later passes.</summary>
internal sealed class EncoderBuffer
{
    // Batches stay within a budget, so the largest is soon seen. In large steps: pages that no batch touches cost nothing, while
    // each array that has become too small stays until the collector looks at the oldest generation.
    private const int Step = 256 * 1024;

    private int[] _inputs = [];
    private float[] _hidden = [];

    /// <summary>Puts a batch's ids and lengths in place, padded with 0.</summary>
    public (Memory<int> Ids, Memory<int> Lengths) Fill(IReadOnlyList<Core.Models.TokenSequence> batch, int padded)
    {
        var rows = batch.Count;
        Grow(ref _inputs, (rows * padded) + rows);
        var ids = _inputs.AsMemory(0, rows * padded);
        var lengths = _inputs.AsMemory(rows * padded, rows);
        for (var row = 0; row < rows; row++)
        {
            var sequence = batch[row].Ids.Span;
            var place = ids.Span.Slice(row * padded, padded);
            sequence.CopyTo(place);
            place[sequence.Length..].Clear();
            lengths.Span[row] = sequence.Length;
        }
        return (ids, lengths);
    }

    /// <summary>Room for the hidden states of every layer, one layer after the other.</summary>
    public Memory<float> Hidden(int count)
    {
        Grow(ref _hidden, count);
        return _hidden.AsMemory(0, count);
    }

    private static void Grow<T>(ref T[] array, int count)
    {
        if (array.Length < count)
            array = GC.AllocateUninitializedArray<T>(checked((count + Step - 1) / Step * Step), pinned: true);
    }
}
