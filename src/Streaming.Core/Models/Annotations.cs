using Streaming.Contracts;

namespace Streaming.Core.Models;

/// <summary>What the heads found in one text.</summary>
public sealed record Annotations
{
    /// <summary>See <see cref="EnrichedDocument.Entities"/>.</summary>
    public IReadOnlyList<EntityAnnotation> Entities { get; init; } = [];

    /// <summary>See <see cref="EnrichedDocument.Topics"/>.</summary>
    public IReadOnlyList<LabelScore> Topics { get; init; } = [];

    /// <summary>See <see cref="EnrichedDocument.Sentiment"/>.</summary>
    public SentimentAnnotation? Sentiment { get; init; }

    /// <summary>See <see cref="EnrichedDocument.Aspects"/>.</summary>
    public IReadOnlyList<AspectAnnotation> Aspects { get; init; } = [];

    /// <summary>See <see cref="EnrichedDocument.AspectCategories"/>.</summary>
    public IReadOnlyList<AspectCategoryAnnotation>? AspectCategories { get; init; }

    /// <summary>See <see cref="EnrichedDocument.Coverage"/>.</summary>
    public double Coverage { get; init; } = 1;

    /// <summary>How unsure the model was, task by task; empty where it was not asked to measure.</summary>
    public IReadOnlyList<TaskUncertainty> Uncertainty { get; init; } = [];
}
