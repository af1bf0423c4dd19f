namespace Streaming.Text.Tokenization;

/// <summary>Which text of a pair is shortened when both together are too long.</summary>
public enum PairTruncation
{
    /// <summary>The longer one, token by token.</summary>
    LongestFirst,

    /// <summary>Only the first; a pair that still does not fit is refused.</summary>
    OnlyFirst,

    /// <summary>Only the second; a pair that still does not fit is refused.</summary>
    OnlySecond,
}
