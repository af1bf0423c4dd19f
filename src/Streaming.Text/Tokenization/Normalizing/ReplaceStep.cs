namespace Streaming.Text.Tokenization.Normalizing;

/// <summary>Every occurrence of a string becomes another that is no longer than it; its scalars stand for the last one replaced.</summary>
internal sealed class ReplaceStep(int[] pattern, int[] content) : INormalizingStep
{
    /// <inheritdoc/>
    public void Apply(NormalizedText text)
    {
        if (pattern.Length == 1 && content.Length == 1)
        {
            text.Replace(pattern[0], content[0]);
            return;
        }

        var scalars = text.Scalars;
        if (scalars.IndexOf(pattern) < 0)
            return;
        text.Begin();
        for (var i = 0; i < scalars.Length;)
        {
            if (!scalars[i..].StartsWith(pattern))
            {
                text.PutAt(scalars[i], i);
                i++;
                continue;
            }

            i += pattern.Length;
            foreach (var scalar in content)
                text.PutAt(scalar, i - 1);
        }

        text.End();
    }
}
