using System.Text;
using Streaming.Adapters.Sqlite.Documents;
using Streaming.Adapters.Sqlite.Log;
using Streaming.Adapters.Sqlite.Native;
using Streaming.Contracts;
using Streaming.Core.Search;

namespace Streaming.Adapters.Sqlite.Search;

/// <summary>
/// Searches the store's documents: FTS5 finds and scores, one pass over the matches keeps the best and counts facets, and a
/// time limit ends the pass with what there is.
/// </summary>
internal sealed class EmbeddedSearchIndex(EmbeddedStore store) : ISearchIndex
{
    private const int MaxSize = 200;
    private const int MaxFacetSize = 100;

    /// <summary>Filters beyond these are not looked at; nobody types so many.</summary>
    private const int MaxFilterValues = 200;

    public async ValueTask<SearchResponse> SearchAsync(SearchRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var fingerprint = SearchCursor.Fingerprint(request);
        var after = SearchCursor.Decode(request.After, fingerprint);
        return await store.ReadAsync(database => Search(database, request, fingerprint, after, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<Suggestion>> SuggestAsync(string prefix, int size, CancellationToken cancellationToken)
    {
        if (Suggestion.Fold(prefix) is not { } folded || size < 1)
            return [];
        return await store.ReadAsync(
            database =>
            {
                var start = store.Time.GetTimestamp();
                database.InterruptWhen(() => cancellationToken.IsCancellationRequested || store.Time.GetElapsedTime(start) > store.Options.SearchTimeLimit);
                try
                {
                    return Within(database, () => LabelCompletion.Find(database, folded, Math.Min(size, Suggestion.MaxSize)));
                }
                finally
                {
                    database.InterruptWhen(null);
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<EnrichedDocument?> GetAsync(string id, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(id);
        return await store.ReadAsync(
            database => Within(database, () =>
            {
                var select = database.Prepare("SELECT id FROM documents WHERE key=?1 AND labels IS NOT NULL").Bind(1, Encoding.UTF8.GetBytes(id));
                if (!select.Step())
                    return null;
                var row = select.Int64(0);
                select.Reset();
                return DocumentTable.ReadBody(database, row);
            }),
            cancellationToken).ConfigureAwait(false);
    }

    private SearchResponse Search(SqliteDatabase database, SearchRequest request, long fingerprint, SearchCursor? after, CancellationToken cancellationToken)
    {
        var start = store.Time.GetTimestamp();
        var limit = store.Options.SearchTimeLimit;
        database.InterruptWhen(() => cancellationToken.IsCancellationRequested || store.Time.GetElapsedTime(start) > limit);
        try
        {
            var query = SearchQuery.Parse(request.Query);
            var response = Within(database, () => Answer(database, request, query, fingerprint, after, cancellationToken));
            return response with { Took = store.Time.GetElapsedTime(start) };
        }
        finally
        {
            database.InterruptWhen(null);
        }
    }

    /// <summary>Reads one state of the store.</summary>
    private static T Within<T>(SqliteDatabase database, Func<T> read)
    {
        database.Prepare("BEGIN").Run();
        try
        {
            return read();
        }
        finally
        {
            if (database.InTransaction)
                database.Execute("ROLLBACK");
        }
    }

    private static SearchResponse Answer(
        SqliteDatabase database, SearchRequest request, SearchQuery query, long fingerprint, SearchCursor? after, CancellationToken cancellationToken)
    {
        var size = Math.Clamp(request.Size, 0, MaxSize);
        var facetSize = Math.Clamp(request.FacetSize, 0, MaxFacetSize);
        var byScore = request.Order == SearchOrder.Relevance && query.Wanted.Count > 0;
        var facets = new FacetCounter();
        var pass = new MatchPass(size + 1, after, facetSize > 0 ? facets : null);
        var complete = true;
        var everything = false;
        try
        {
            if (!query.IsEmpty && Filters(database, request) is { } filters)
            {
                everything = query.IsBlank && filters.Count == 0 && request.Since is null && request.Until is null;
                if (everything)
                    pass.ReadNewest(database);
                else
                    pass.ReadMatches(database, query.ToExpression(LabelTable.Find(database, DocumentLabels.All), filters), byScore, Ticks(request.Since, long.MinValue), Ticks(request.Until, long.MaxValue));
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            complete = false;
        }
        cancellationToken.ThrowIfCancellationRequested();

        // The page itself is short work, and an answer without it would be none.
        database.InterruptWhen(null);
        var page = pass.Best();
        var more = page.Count > size;
        if (more)
            page.RemoveAt(size);
        var highlighter = new Highlighter(query);
        var hits = new List<SearchHit>(page.Count);
        foreach (var place in page)
        {
            var document = DocumentTable.ReadBody(database, place.Row);
            hits.Add(new SearchHit(document, place.Score, highlighter.Find(document.Text), DocumentTable.ReadVersion(database, place.Row)));
        }
        string? next = null;
        if (more && page.Count > 0)
        {
            var maxRow = database.Scalar("SELECT coalesce(max(id),0) FROM documents");
            next = SearchCursor.After(after, fingerprint, maxRow, byScore, page).Encode();
        }
        return new SearchResponse(
            everything ? database.Scalar("SELECT value FROM counters WHERE name='documents'") : pass.Total,
            hits,
            everything ? FacetCounter.TopOfAll(database, facetSize) : facets.Top(database, facetSize),
            next,
            TimeSpan.Zero,
            complete);
    }

    private static long Ticks(DateTimeOffset? time, long otherwise) => time is { } given ? LogTable.Ticks(given) : otherwise;

    /// <summary>For each filter the labels of which one is needed; null when one of them has none, so that nothing matches.</summary>
    private static List<IReadOnlyList<long>>? Filters(SqliteDatabase database, SearchRequest request)
    {
        var filters = new List<IReadOnlyList<long>>();
        return Add(request.Entities, static value => [DocumentLabels.EntityFilter(value)])
            && Add(request.Topics, static value => [new Label(LabelKind.Topic, value, value)])
            && Add(request.Sentiments, static value => [new Label(LabelKind.Sentiment, value, value)])
            && Add(request.Aspects, DocumentLabels.AspectFilter)
            && Add(request.Sources, static value => [new Label(LabelKind.Source, value, value)])
            ? filters
            : null;

        bool Add(IReadOnlyList<string> values, Func<string, IEnumerable<Label>> toLabels)
        {
            if (values.Count == 0)
                return true;
            var ids = new List<long>();
            foreach (var label in values.Take(MaxFilterValues).SelectMany(toLabels))
            {
                if (LabelTable.Find(database, label) is var id and not 0)
                    ids.Add(id);
            }
            filters.Add(ids);
            return ids.Count > 0;
        }
    }
}
