using Streaming.Contracts;

namespace Streaming.Core.Search;

/// <summary>Finds enriched documents. Every implementation answers the same question alike.</summary>
public interface ISearchIndex
{
    /// <summary>Answers a query with hits, their highlights, facets and the place to go on from.</summary>
    ValueTask<SearchResponse> SearchAsync(SearchRequest request, CancellationToken cancellationToken);

    /// <summary>Entities, topics and aspects of the documents whose names begin so, whatever their case; the most frequent first.</summary>
    /// <param name="prefix">Any string; see <see cref="Suggestion.Fold"/>. What is blank begins nothing.</param>
    /// <param name="size">Most to return, up to <see cref="Suggestion.MaxSize"/>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    ValueTask<IReadOnlyList<Suggestion>> SuggestAsync(string prefix, int size, CancellationToken cancellationToken);

    /// <summary>One document, or null.</summary>
    ValueTask<EnrichedDocument?> GetAsync(string id, CancellationToken cancellationToken);
}
