namespace Streaming.Contracts;

/// <summary>What the model found in a text, with its calibrated confidences.</summary>
public sealed record LabelGuess
{
    /// <summary>See <see cref="EnrichedDocument.Entities"/>.</summary>
    public IReadOnlyList<EntityAnnotation> Entities { get; init; } = [];

    /// <summary>See <see cref="EnrichedDocument.Topics"/>.</summary>
    public IReadOnlyList<LabelScore> Topics { get; init; } = [];

    /// <summary>See <see cref="EnrichedDocument.Sentiment"/>.</summary>
    public SentimentAnnotation? Sentiment { get; init; }

    /// <summary>See <see cref="EnrichedDocument.Aspects"/>.</summary>
    public IReadOnlyList<AspectAnnotation> Aspects { get; init; } = [];
}
