using System.Text;

namespace Streaming.Text.Tokenization.Normalizing;

/// <summary>Splits at white space, which goes, and marks the beginning of each word, as <c>WhitespaceSplit</c> before <c>Metaspace</c> does.</summary>
internal sealed class WordStartsStep(int mark) : INormalizingStep
{
    /// <inheritdoc/>
    public void Apply(NormalizedText text)
    {
        var scalars = text.Scalars;
        var isInside = false;
        text.Begin();
        for (var i = 0; i < scalars.Length; i++)
        {
            if (Rune.IsWhiteSpace(new Rune(scalars[i])))
            {
                isInside = false;
                continue;
            }

            if (!isInside && scalars[i] != mark)
                text.PutAt(mark, i);
            text.PutAt(scalars[i], i);
            isInside = true;
        }

        text.End();
    }
}
