namespace Streaming.Learning.Labelling;

/// <summary>Turns texts into vectors whose cosine tells how alike they are. Safe for concurrent calls.</summary>
public interface ITextEmbedder
{
    /// <summary>One vector a text, all of one length.</summary>
    ValueTask<IReadOnlyList<float[]>> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken);
}
