namespace Streaming.Core.Search;

/// <summary>A question to the index. All given conditions must hold; within one list any may.</summary>
public sealed record SearchRequest
{
    /// <summary>
    /// Words, all of which must occur; <c>"a phrase"</c> in double quotes; <c>-word</c> must not occur. Nothing else has a meaning:
    /// any string is a valid query. Null or blank matches everything. At most 1,000 characters and 32 terms are looked at.
    /// </summary>
    public string? Query { get; init; }

    /// <summary>Entities, each <c>TYPE</c>, <c>TYPE:surface</c> or <c>:surface</c>; surfaces compare without regard to case.</summary>
    public IReadOnlyList<string> Entities { get; init; } = [];

    /// <summary>Topic labels.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>Sentiment labels.</summary>
    public IReadOnlyList<string> Sentiments { get; init; } = [];

    /// <summary>Aspects, each <c>term</c>, <c>term:sentiment</c> or <c>:sentiment</c>; categories of aspects are found like terms; both compare without regard to case.</summary>
    public IReadOnlyList<string> Aspects { get; init; } = [];

    /// <summary>Sources as producers gave them.</summary>
    public IReadOnlyList<string> Sources { get; init; } = [];

    /// <summary>Event time at or after this.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Event time before this.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Hits to return, 0–200.</summary>
    public int Size { get; init; } = 20;

    /// <summary>Where the previous page ended: its <see cref="SearchResponse.Next"/>.</summary>
    public string? After { get; init; }

    /// <summary>Order of the hits.</summary>
    public SearchOrder Order { get; init; } = SearchOrder.Relevance;

    /// <summary>Values per facet, 0–100; 0 leaves facets out.</summary>
    public int FacetSize { get; init; } = 10;
}

/// <summary>Order of hits.</summary>
public enum SearchOrder
{
    /// <summary>BM25, then newest first; newest first when there is no query.</summary>
    Relevance,

    /// <summary>Newest event time first.</summary>
    Newest,
}
