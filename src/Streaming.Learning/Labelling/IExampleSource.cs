using Streaming.Contracts;

namespace Streaming.Learning.Labelling;

/// <summary>Gives labelled examples for a prompt.</summary>
public interface IExampleSource
{
    /// <summary>Examples for a text, the most useful last; none of them is the text itself.</summary>
    ValueTask<IReadOnlyList<LabelledSample>> ForAsync(LabelTask task, string text, CancellationToken cancellationToken);
}
