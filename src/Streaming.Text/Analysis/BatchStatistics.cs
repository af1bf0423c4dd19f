namespace Streaming.Text.Analysis;

/// <summary>What offline work put through the encoder.</summary>
/// <param name="Documents">Texts.</param>
/// <param name="Windows">Sequences.</param>
/// <param name="Batches">Encoder passes.</param>
/// <param name="Tokens">Tokens of all sequences, framing tokens included, overlaps counted twice.</param>
/// <param name="PaddedTokens">Token places that were computed: the tokens and the padding.</param>
public readonly record struct BatchStatistics(long Documents, long Windows, long Batches, long Tokens, long PaddedTokens)
{
    /// <summary>Share of the computed places that was padding, 0–1.</summary>
    public double PaddingWaste => PaddedTokens == 0 ? 0 : 1 - (double)Tokens / PaddedTokens;

    /// <summary>Adds two counts.</summary>
    public static BatchStatistics operator +(BatchStatistics left, BatchStatistics right) => new(
        left.Documents + right.Documents, left.Windows + right.Windows, left.Batches + right.Batches,
        left.Tokens + right.Tokens, left.PaddedTokens + right.PaddedTokens);
}
