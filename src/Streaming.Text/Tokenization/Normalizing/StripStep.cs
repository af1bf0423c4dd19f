using System.Text;

namespace Streaming.Text.Tokenization.Normalizing;

/// <summary>Takes white space away at the ends.</summary>
internal sealed class StripStep(bool left, bool right) : INormalizingStep
{
    /// <inheritdoc/>
    public void Apply(NormalizedText text)
    {
        var scalars = text.Scalars;
        var (start, end) = (0, scalars.Length);
        while (left && start < end && Rune.IsWhiteSpace(new Rune(scalars[start])))
            start++;
        while (right && end > start && Rune.IsWhiteSpace(new Rune(scalars[end - 1])))
            end--;
        if (end - start == scalars.Length)
            return;
        text.Begin(start);
        foreach (var scalar in scalars[start..end])
            text.Put(scalar, 0);
        text.End();
    }
}
