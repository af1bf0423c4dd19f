using Streaming.Core.Models;

namespace Streaming.Core.Engine.Stages;

/// <summary>One text that goes, or lately went, to the model for several documents. Belongs to its <see cref="DuplicateWindow"/>.</summary>
internal sealed class SharedInference(IEnrichmentModel model, string text, long cost)
{
    /// <summary>The model that computes it.</summary>
    public IEnrichmentModel Model { get; } = model;

    /// <summary>The text.</summary>
    public string Text { get; } = text;

    /// <summary>Bytes it is taken to hold.</summary>
    public long Cost { get; } = cost;

    /// <summary>What was found, once it is known. Guarded by the window.</summary>
    public Annotations? Result { get; set; }

    /// <summary>Documents that wait for it. Guarded by the window.</summary>
    public List<InFlightDocument>? Followers { get; set; }
}
