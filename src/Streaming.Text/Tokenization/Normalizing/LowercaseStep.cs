using System.Text;

namespace Streaming.Text.Tokenization.Normalizing;

/// <summary>Lower case, scalar by scalar, without regard to language.</summary>
internal sealed class LowercaseStep : INormalizingStep
{
    private const int DottedCapitalI = 0x130;

    /// <inheritdoc/>
    public void Apply(NormalizedText text)
    {
        var scalars = text.Scalars;
        text.Begin();
        foreach (var scalar in scalars)
        {
            if (scalar == DottedCapitalI)
            {
                // The one scalar whose full lower case is longer: i and a dot above.
                text.Put('i', 0);
                text.Put(0x307, 1);
                continue;
            }

            text.Put(Rune.ToLowerInvariant(new Rune(scalar)).Value, 0);
        }

        text.End();
    }
}
