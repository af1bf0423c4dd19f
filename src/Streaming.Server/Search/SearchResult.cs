using Streaming.Contracts;
using Streaming.Core.Search;

namespace Streaming.Server.Search;

/// <summary>The answer of <c>GET /v1/search</c> and <c>streaming search --json</c>.</summary>
public sealed record SearchResult
{
    /// <summary>How many documents match.</summary>
    public required long Total { get; init; }

    /// <summary>This page of them.</summary>
    public required IReadOnlyList<SearchResultHit> Hits { get; init; }

    /// <summary>Facet → values, the most frequent first.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<FacetValue>> Facets { get; init; }

    /// <summary>Pass it as <c>after</c> for the next page; absent at the end.</summary>
    public string? Next { get; init; }

    /// <summary>How long the index took, in milliseconds.</summary>
    public required double TookMs { get; init; }

    /// <summary>The wire form of an answer.</summary>
    public static SearchResult Of(SearchResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        var hits = new SearchResultHit[response.Hits.Count];
        for (var i = 0; i < hits.Length; i++)
        {
            var hit = response.Hits[i];
            hits[i] = new() { Id = hit.Document.Id, Score = hit.Score, Highlights = hit.Highlights, Document = hit.Document };
        }

        return new()
        {
            Total = response.Total,
            Hits = hits,
            Facets = response.Facets,
            Next = response.Next,
            TookMs = Math.Round(response.Took.TotalMilliseconds, 3),
        };
    }
}

/// <summary>A document that matches.</summary>
public sealed record SearchResultHit
{
    /// <summary>Identity of the document.</summary>
    public required string Id { get; init; }

    /// <summary>Relevance, comparable within one answer only.</summary>
    public required double Score { get; init; }

    /// <summary>Matched stretches of the text in UTF-16 code units.</summary>
    public required IReadOnlyList<TextSpan> Highlights { get; init; }

    /// <summary>The document.</summary>
    public required EnrichedDocument Document { get; init; }
}
