namespace Streaming.Text.Tokenization;

/// <summary>What a tokeniser's files do not say themselves.</summary>
public sealed record TokenizerFileOptions
{
    /// <summary>For <c>vocab.txt</c>: lower case and strip accents. Default true.</summary>
    public bool Lowercase { get; init; } = true;

    /// <summary>Whether <c>[MASK]</c> and the like in a text become the special token. Default false: user text is data, never control.</summary>
    public bool AllowSpecialTokensInText { get; init; }

    /// <summary>For <c>.model</c>: the encoder's family as <c>config.json</c> names it, which decides how pieces become ids. Default <c>xlm-roberta</c>.</summary>
    public string Family { get; init; } = "xlm-roberta";
}
