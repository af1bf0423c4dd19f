namespace Streaming.Text.Tokenization;

/// <summary>Ids of the tokens with a meaning of their own.</summary>
/// <param name="Start">Opens a sequence (<c>[CLS]</c>).</param>
/// <param name="End">Closes a sequence (<c>[SEP]</c>).</param>
/// <param name="Unknown">Stands for what the vocabulary can't spell (<c>[UNK]</c>).</param>
/// <param name="Padding">Fills up a row (<c>[PAD]</c>).</param>
public sealed record SpecialTokens(int Start, int End, int Unknown, int Padding);
