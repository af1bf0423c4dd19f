namespace Streaming.Text.Tokenization;

/// <summary>Turns text into ids of a model's vocabulary. Safe for concurrent calls with different buffers.</summary>
public interface ITokenizer
{
    /// <summary>The algorithm, as manifests name it: <c>wordpiece</c>, <c>byte_level_bpe</c>, <c>bpe</c> or <c>unigram</c>.</summary>
    string Kind { get; }

    /// <summary>Ids that frame every sequence.</summary>
    SpecialTokens Special { get; }

    /// <summary>Number of ids; every id is below it.</summary>
    int VocabularySize { get; }

    /// <summary>Appends the tokens of a text, uncut and without framing tokens.</summary>
    /// <param name="text">Any UTF-16; lone surrogates count as U+FFFD.</param>
    /// <param name="buffer">Receives ids, offsets in UTF-16 units of <paramref name="text"/>, and word indices that continue after the buffer's last.</param>
    void Encode(ReadOnlySpan<char> text, TokenBuffer buffer);
}
