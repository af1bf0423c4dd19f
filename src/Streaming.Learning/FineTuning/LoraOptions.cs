namespace Streaming.Learning.FineTuning;

/// <summary>Low-rank adapters (Hu et al., ICLR 2022): W + alpha / rank · B·A, with B zero at first; with DoRA (Liu et al., ICML 2024) magnitude and direction are learnt apart.</summary>
public sealed record LoraOptions
{
    /// <summary>Rank, at least 1. Default 8.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>Numerator of the scale. Default 16.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>Which matrices of each layer, by the names in <see cref="AllTargets"/>.</summary>
    public IReadOnlyList<string> Targets { get; init; } = ["query", "value"];

    /// <summary>Share of an adapter's inputs dropped; 0 to below 1. Default 0.</summary>
    public double Dropout { get; init; }

    /// <summary>Weight-decomposed adapters.</summary>
    public bool Dora { get; init; }

    /// <summary>Every matrix of a layer: attention projections, the one behind them, the feed-forward pair.</summary>
    public static IReadOnlyList<string> AllTargets { get; } = ["query", "key", "value", "attention_output", "up", "down"];
}
