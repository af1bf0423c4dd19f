using Streaming.Contracts;

namespace Streaming.Core.Search;

/// <summary>The answer to a <see cref="SearchRequest"/>.</summary>
/// <param name="Total">How many documents match.</param>
/// <param name="Hits">This page of them.</param>
/// <param name="Facets">Facet name (<c>entity</c> as TYPE:surface, <c>entity_type</c>, <c>topic</c>, <c>sentiment</c>, <c>aspect</c>, <c>source</c>) → values, the most frequent first.</param>
/// <param name="Next">Where the next page starts, or null at the end.</param>
/// <param name="Took">How long the index took.</param>
/// <param name="IsComplete">False when a time limit cut the search short: hits are the best of those seen, counts are lower bounds.</param>
public sealed record SearchResponse(
    long Total,
    IReadOnlyList<SearchHit> Hits,
    IReadOnlyDictionary<string, IReadOnlyList<FacetValue>> Facets,
    string? Next,
    TimeSpan Took,
    bool IsComplete = true);

/// <summary>A document that matches.</summary>
/// <param name="Document">The document.</param>
/// <param name="Score">Relevance; comparable within one answer only.</param>
/// <param name="Highlights">Matched stretches of <see cref="EnrichedDocument.Text"/>, in order, not overlapping.</param>
/// <param name="Version">External version that it was written with.</param>
public sealed record SearchHit(EnrichedDocument Document, double Score, IReadOnlyList<TextSpan> Highlights, long Version);

/// <summary>UTF-16 code units <c>[Start, End)</c> of a text. Spans, not marked-up text: whoever shows them escapes first.</summary>
public readonly record struct TextSpan(int Start, int End);

/// <summary>A value and how many matching documents have it.</summary>
public sealed record FacetValue(string Value, long Count);
