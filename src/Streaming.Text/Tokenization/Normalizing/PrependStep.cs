namespace Streaming.Text.Tokenization.Normalizing;

/// <summary>Puts a scalar before a text that is not empty; both then stand for the text's first scalar.</summary>
/// <param name="scalar">What is put there.</param>
/// <param name="evenIfThere">Also before a text that begins with it.</param>
/// <param name="onlyAtStart">Only where the whole text begins, not behind a special token.</param>
internal sealed class PrependStep(int scalar, bool evenIfThere, bool onlyAtStart) : INormalizingStep
{
    /// <inheritdoc/>
    public void Apply(NormalizedText text)
    {
        var scalars = text.Scalars;
        if (scalars.IsEmpty || (!evenIfThere && scalars[0] == scalar) || (onlyAtStart && !text.IsAtStart))
            return;
        text.Prepend(scalar);
    }
}
