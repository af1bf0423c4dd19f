namespace Streaming.Adapters.Onnx.Bert;

/// <summary>What kind of graph to write.</summary>
public sealed record BertGraphOptions
{
    /// <summary>Numbers it computes in.</summary>
    public EncoderPrecision Precision { get; init; } = EncoderPrecision.Fp32;

    /// <summary>Layers whose hidden states are given out, ascending; 0 is the embeddings. Null: the last one.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>Whether there is an input of segment ids; otherwise every token is of segment 0.</summary>
    public bool TokenTypes { get; init; }

    /// <summary>Needed for <see cref="EncoderPrecision.Int8"/>.</summary>
    public ActivationRanges? Ranges { get; init; }

    /// <summary>How much of the activations' outliers moves to the weights, 0–1.</summary>
    public float SmoothingExponent { get; init; } = 0.8f;

    /// <summary>Bits of a weight in 8-bit graphs, 7 or 8. CPUs without VNNI add pairs of products in 16 bits, which overflow with 8.</summary>
    public int WeightBits { get; init; } = 8;

    /// <summary>Whether layer normalisation is the operator of that name, as stock exporters write it; for comparison.</summary>
    public bool StockNormalization { get; init; }

    /// <summary>Whether the inputs of every matrix product are outputs too, for calibration (single precision only).</summary>
    public bool Probes { get; init; }
}
