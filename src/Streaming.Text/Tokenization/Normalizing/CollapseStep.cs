namespace Streaming.Text.Tokenization.Normalizing;

/// <summary>Runs of at least <paramref name="least"/> spaces become one scalar, which stands for the last of them.</summary>
internal sealed class CollapseStep(int least, int replacement) : INormalizingStep
{
    /// <inheritdoc/>
    public void Apply(NormalizedText text)
    {
        var scalars = text.Scalars;
        if (least == 2 && scalars.IndexOf([' ', ' ']) < 0)
            return;
        text.Begin();
        for (var i = 0; i < scalars.Length;)
        {
            var end = i;
            while (end < scalars.Length && scalars[end] == ' ')
                end++;
            if (end - i >= least)
            {
                text.PutAt(replacement, end - 1);
                i = end;
                continue;
            }

            text.PutAt(scalars[i], i);
            i++;
        }

        text.End();
    }
}
