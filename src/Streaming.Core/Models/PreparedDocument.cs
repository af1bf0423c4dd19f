namespace Streaming.Core.Models;

/// <summary>A text cut into windows the encoder can take, with room for what the heads read from each.</summary>
public abstract class PreparedDocument
{
    /// <summary>Windows in text order; empty when the text has no token (then the document is complete at once).</summary>
    public abstract IReadOnlyList<TokenSequence> Windows { get; }
}
