namespace Streaming.Adapters.Onnx.Bert;

/// <summary>The parts of an encoder graph that differ by precision: everything with a weight matrix.</summary>
internal interface IBertLinear
{
    /// <summary>Rows of a table.</summary>
    string Lookup(float[] table, int rows, int width, string ids);

    /// <summary>Chance to move a rescaling of the attention's output into the value projection, where it costs nothing.</summary>
    void FoldAttentionOutput(int layer, ref Dense value, ref Dense output);

    /// <summary>Query, key and value projections and attention.</summary>
    string Attend(Normalized hidden, string lengths, int layer, Dense projections);

    /// <summary>A linear layer on a normalised value.</summary>
    string Apply(Normalized input, int layer, ActivationSite site, Dense dense);

    /// <summary>A linear layer.</summary>
    string Apply(string input, int layer, ActivationSite site, Dense dense);
}
