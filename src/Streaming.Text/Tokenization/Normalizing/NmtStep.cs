namespace Streaming.Text.Tokenization.Normalizing;

/// <summary>The clean-up that machine translation uses: some control characters go, several kinds of blank become a space.</summary>
internal sealed class NmtStep : INormalizingStep
{
    /// <inheritdoc/>
    public void Apply(NormalizedText text)
    {
        var scalars = text.Scalars;
        text.Begin();
        foreach (var scalar in scalars)
        {
            if (scalar is (>= 1 and <= 8) or 0xB or (>= 0xE and <= 0x1F) or 0x7F or 0x8F or 0x9F)
                text.Skip(1);
            else
                text.Put(IsBlank(scalar) ? ' ' : scalar, 0);
        }

        text.End();
    }

    private static bool IsBlank(int scalar) =>
        scalar is 9 or 0xA or 0xC or 0xD or 0x1680 or (>= 0x200B and <= 0x200F) or 0x2028 or 0x2029 or 0x2581 or 0xFEFF or 0xFFFD;
}
