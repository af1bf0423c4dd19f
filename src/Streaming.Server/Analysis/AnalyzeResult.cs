using Streaming.Contracts;

namespace Streaming.Server.Analysis;

/// <summary>What the model finds in one text: the answer of <c>POST /v1/analyze</c> and <c>streaming predict --json</c>.</summary>
public sealed record AnalyzeResult
{
    /// <summary>The text as it came.</summary>
    public required string Text { get; init; }

    /// <summary>See <see cref="EnrichedDocument.Entities"/>.</summary>
    public required IReadOnlyList<EntityAnnotation> Entities { get; init; }

    /// <summary>See <see cref="EnrichedDocument.Topics"/>.</summary>
    public required IReadOnlyList<LabelScore> Topics { get; init; }

    /// <summary>See <see cref="EnrichedDocument.Sentiment"/>.</summary>
    public SentimentAnnotation? Sentiment { get; init; }

    /// <summary>See <see cref="EnrichedDocument.Aspects"/>.</summary>
    public required IReadOnlyList<AspectAnnotation> Aspects { get; init; }

    /// <summary>See <see cref="EnrichedDocument.AspectCategories"/>.</summary>
    public IReadOnlyList<AspectCategoryAnnotation>? AspectCategories { get; init; }

    /// <summary>See <see cref="EnrichedDocument.Coverage"/>.</summary>
    public required double Coverage { get; init; }

    /// <summary>Name of the model bundle.</summary>
    public required string Model { get; init; }

    /// <summary>Its version.</summary>
    public required string ModelVersion { get; init; }
}
