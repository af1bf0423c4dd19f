using Streaming.Contracts;

namespace Streaming.Core.Search;

/// <summary>Finds enriched documents. Every implementation answers the same question alike.</summary>
public interface ISearchIndex
{
    /// <summary>Answers a query with hits, their highlights, facets and the place to go on from.</summary>
    ValueTask<SearchResponse> SearchAsync(SearchRequest request, CancellationToken cancellationToken);

    /// <summary>One document, or null.</summary>
    ValueTask<EnrichedDocument?> GetAsync(string id, CancellationToken cancellationToken);
}
