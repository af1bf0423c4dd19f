namespace Streaming.Text.Tokenization;

/// <summary>How a WordPiece vocabulary is applied. Names as in Hugging Face's <c>tokenizer.json</c>.</summary>
public sealed record WordPieceOptions
{
    /// <summary>Lower case and strip accents before matching (uncased models). Default true.</summary>
    public bool Lowercase { get; init; } = true;

    /// <summary>
    /// Whether <c>[MASK]</c> and the like in a text become the special token. Default false: user text is data, never control.
    /// </summary>
    public bool AllowSpecialTokensInText { get; init; }

    /// <summary>Scalar values of a word, after normalising, above which it is one unknown token. 1–1,000, default 100.</summary>
    public int MaxInputCharsPerWord { get; init; } = 100;

    /// <summary>Marks a piece that goes on inside a word. Default <c>##</c>.</summary>
    public string ContinuingSubwordPrefix { get; init; } = "##";

    /// <summary>Stands for words the vocabulary can't spell. Default <c>[UNK]</c>.</summary>
    public string UnknownToken { get; init; } = "[UNK]";

    /// <summary>Opens a sequence. Default <c>[CLS]</c>.</summary>
    public string StartToken { get; init; } = "[CLS]";

    /// <summary>Closes a sequence. Default <c>[SEP]</c>.</summary>
    public string EndToken { get; init; } = "[SEP]";

    /// <summary>Fills up a row. Default <c>[PAD]</c>.</summary>
    public string PaddingToken { get; init; } = "[PAD]";

    /// <summary>Tokens that are matched in raw text when <see cref="AllowSpecialTokensInText"/> is set, with their ids.</summary>
    public IReadOnlyDictionary<string, int> AddedTokens { get; init; } = new Dictionary<string, int>();
}
