namespace Streaming.Text.Tokenization.Normalizing;

/// <summary>One step of a normaliser. Safe for concurrent calls on different texts.</summary>
internal interface INormalizingStep
{
    /// <summary>Changes the text in place.</summary>
    void Apply(NormalizedText text);
}
