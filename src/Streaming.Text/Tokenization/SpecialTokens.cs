namespace Streaming.Text.Tokenization;

/// <summary>Ids of the tokens with a meaning of their own.</summary>
/// <param name="Start">Opens a sequence (<c>[CLS]</c>).</param>
/// <param name="End">Closes a sequence (<c>[SEP]</c>).</param>
/// <param name="Unknown">Stands for what the vocabulary can't spell (<c>[UNK]</c>).</param>
/// <param name="Padding">Fills up a row (<c>[PAD]</c>).</param>
public sealed record SpecialTokens(int Start, int End, int Unknown, int Padding)
{
    /// <summary>How many <see cref="End"/> tokens stand between the texts of a pair: 1, or 2 in the RoBERTa family.</summary>
    public int PairSeparators { get; init; } = 1;

    /// <summary>Token type of a pair's second text: 1, or 0 where the encoder knows no types.</summary>
    public int SecondType { get; init; } = 1;
}
