using Streaming.Text.Tokenization.Normalizing;

namespace Streaming.Text.Tokenization.Subwords;

/// <summary>Cuts a word into pieces of a vocabulary. Safe for concurrent calls on different buffers.</summary>
internal interface ISubwordModel
{
    /// <summary>Scalars from <paramref name="from"/> on that make the next word.</summary>
    /// <returns>Where it ends; above <paramref name="from"/>.</returns>
    int EndOfWord(ReadOnlySpan<int> scalars, int from);

    /// <summary>Appends the tokens of the scalars <paramref name="from"/> to <paramref name="to"/>, all of the same word.</summary>
    void Encode(NormalizedText text, int from, int to, TokenBuffer buffer);
}
