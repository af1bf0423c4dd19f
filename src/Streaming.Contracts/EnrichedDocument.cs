using System.Text.Json;
using System.Text.Json.Serialization;

namespace Streaming.Contracts;

/// <summary>A text with what the models found in it (<c>schemas/enriched-document.v1.json</c>).</summary>
public sealed record EnrichedDocument
{
    /// <summary>Identity of the document.</summary>
    public required string Id { get; init; }

    /// <summary>The text exactly as it arrived.</summary>
    public required string Text { get; init; }

    /// <summary>Named entities in order of <see cref="EntityAnnotation.Start"/>.</summary>
    public required IReadOnlyList<EntityAnnotation> Entities { get; init; }

    /// <summary>Topics, the most confident first.</summary>
    public required IReadOnlyList<LabelScore> Topics { get; init; }

    /// <summary>Sentiment of the whole text; null when the topology has no such stage.</summary>
    public SentimentAnnotation? Sentiment { get; init; }

    /// <summary>Aspect terms with the sentiment towards each, in order of <see cref="AspectAnnotation.Start"/>.</summary>
    public required IReadOnlyList<AspectAnnotation> Aspects { get; init; }

    /// <summary>Categories of aspects that the text judges, the most confident first; null when the model has no head for them.</summary>
    public IReadOnlyList<AspectCategoryAnnotation>? AspectCategories { get; init; }

    /// <summary>BCP 47 tag, as the producer gave it.</summary>
    public string? Language { get; init; }

    /// <summary>Where the text came from, as the producer said.</summary>
    public string? Source { get; init; }

    /// <summary>Share of the text's tokens that the model has seen, 0–1. Below 1 only where a topology limits the windows of a document.</summary>
    public required double Coverage { get; init; }

    /// <summary>True when <see cref="Coverage"/> is below 1.</summary>
    public bool Truncated => Coverage < 1;

    /// <summary>When the text came to be.</summary>
    public required DateTimeOffset EventTime { get; init; }

    /// <summary>When the platform read the message.</summary>
    public required DateTimeOffset IngestTime { get; init; }

    /// <summary>What made this document.</summary>
    public required Lineage Lineage { get; init; }

    /// <summary>The producer's own data, kept as it is.</summary>
    public JsonElement? Metadata { get; init; }

    /// <summary>Fields of the message this version does not know; kept and passed on.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; } // Settable: a source-generated serialiser cannot bind extension data to an init property.
}
