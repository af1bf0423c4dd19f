using Streaming.Contracts;

namespace Streaming.Core.Labelling;

/// <summary>Decides which enriched documents somebody should label. Called document by document, never two at a time; returns at once.</summary>
public interface ISampleSelector
{
    /// <summary>The request for a document's labels, or null when it is not chosen.</summary>
    /// <param name="document">What the model made of it.</param>
    /// <param name="uncertainty">How unsure it was; empty where nothing was measured.</param>
    LabelRequest? Choose(EnrichedDocument document, IReadOnlyList<TaskUncertainty> uncertainty);
}
