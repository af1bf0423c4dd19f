namespace Streaming.Core.Models;

/// <summary>Token ids of one window of one text, special tokens included, no padding.</summary>
/// <param name="Ids">Ids in the encoder's vocabulary.</param>
public readonly record struct TokenSequence(ReadOnlyMemory<int> Ids)
{
    /// <summary>Number of tokens.</summary>
    public int Length => Ids.Length;
}
