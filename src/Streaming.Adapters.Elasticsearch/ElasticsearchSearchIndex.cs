using System.Text;
using System.Text.Json;
using Streaming.Adapters.Elasticsearch.Http;
using Streaming.Adapters.Elasticsearch.Searching;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Search;

namespace Streaming.Adapters.Elasticsearch;

/// <summary>Searches the documents an <see cref="ElasticsearchSink"/> keeps. Safe from several threads.</summary>
public sealed class ElasticsearchSearchIndex : ISearchIndex, IDisposable
{
    private const int MaxSize = 200;
    private readonly ElasticsearchOptions _options;
    private readonly ElasticsearchClient _client;
    // Nobody outside knows these, so no document can carry them to shift its highlights.
    private readonly string _open = $"\uE000{Guid.NewGuid():N}\uE001";
    private readonly string _close = $"\uE002{Guid.NewGuid():N}\uE003";

    /// <summary>An index; nothing is connected yet.</summary>
    /// <exception cref="StreamingException">A setting is wrong.</exception>
    public ElasticsearchSearchIndex(ElasticsearchOptions options)
    {
        _options = options;
        _client = new ElasticsearchClient(options);
    }

    /// <inheritdoc/>
    /// <exception cref="StreamingException"><c>search_cursor_invalid</c>, <c>search_refused</c>, <c>elasticsearch_unreachable</c>, <c>search_timeout</c>.</exception>
    public async ValueTask<SearchResponse> SearchAsync(SearchRequest request, CancellationToken cancellationToken)
    {
        var begin = _options.Time.GetTimestamp();
        var size = Math.Clamp(request.Size, 0, MaxSize);
        var terms = QueryTerms.Parse(request.Query);
        var byScore = request.Order == SearchOrder.Relevance && terms.Wanted.Count > 0;
        if (terms.IsEmpty)
            return Empty(request, begin);
        var body = SearchBody.Write(request, terms, byScore, size, _open, _close, _options.SearchTimeout);
        using var answer = await AskAsync(body, cancellationToken).ConfigureAwait(false);
        if (answer.Status == 404)
            return Empty(request, begin);
        return Read(answer, root => ReadResponse(root, size, begin));
    }

    /// <inheritdoc/>
    /// <exception cref="StreamingException">As <see cref="SearchAsync"/>.</exception>
    public async ValueTask<IReadOnlyList<Suggestion>> SuggestAsync(string prefix, int size, CancellationToken cancellationToken)
    {
        if (Suggestion.Fold(prefix) is not { } folded || size < 1)
            return [];
        size = Math.Min(size, Suggestion.MaxSize);
        using var answer = await AskAsync(SuggestBody.Write(folded, size, _options.SearchTimeout), cancellationToken).ConfigureAwait(false);
        if (answer.Status == 404)
            return [];
        return Read(answer, root => root.TryGetProperty("aggregations", out var aggregations) ? SuggestBody.Read(aggregations, size) : []);
    }

    /// <inheritdoc/>
    public async ValueTask<EnrichedDocument?> GetAsync(string id, CancellationToken cancellationToken)
    {
        if (IndexNames.IdError(id) is not null)
            return null;
        // By query and not by address: an id may hold anything, and the alias may have several indices.
        var body = $$"""{"size":1,"query":{"ids":{"values":["{{JsonEncodedText.Encode(Text.Valid(id))}}"]} } }""";
        using var answer = await AskAsync(body, cancellationToken).ConfigureAwait(false);
        if (answer.Status == 404)
            return null;
        return Read(answer, static root =>
        {
            foreach (var hit in root.GetProperty("hits").GetProperty("hits").EnumerateArray())
                return ReadDocument(hit.GetProperty("_source"));
            return null;
        });
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task<Answer> AskAsync(string body, CancellationToken cancellationToken)
    {
        // The server's own limit comes first; this one is for a server that does not answer at all.
        var timeout = _options.SearchTimeout + TimeSpan.FromSeconds(2);
        var attempts = Math.Min(_options.Urls.Count, 2) + 1;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
                var answer = await _client.SendAsync(HttpMethod.Post, $"{_options.Alias}/_search", content, "application/json", null, timeout, cancellationToken).ConfigureAwait(false);
                if (answer.IsSuccess || answer.Status == 404)
                    return answer;
                using (answer)
                {
                    if (answer.Status is 401 or 403)
                        throw new StreamingException("elasticsearch_authentication_failed", $"{_client.Where} does not let these credentials search {_options.Alias} (status {answer.Status}). Mend sink.api_key, or sink.username and sink.password.");
                    if (answer.Status is not (429 or >= 500))
                        throw new StreamingException("search_refused", $"{_client.Where} refuses the search (status {answer.Status}, {answer.ErrorType() ?? "no reason"}). Is {_options.Alias} an index of this product?", ExitCode.CheckFailed);
                    if (attempt >= attempts)
                        throw new DependencyUnavailableException("elasticsearch_overloaded", $"{_client.Where} is overloaded (status {answer.Status}). Try again later.");
                }
            }
            catch (NoAnswerException e) when (attempt >= attempts)
            {
                throw new DependencyUnavailableException("elasticsearch_unreachable", $"No Elasticsearch answers at {_client.Where} ({e.Message}).", e);
            }
            catch (NoAnswerException)
            {
                // The next host, or the same once more.
            }
        }
    }

    /// <summary>Reads an answer; one that is cut, or is none to this question, is no defect of this program.</summary>
    private T Read<T>(Answer answer, Func<JsonElement, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(answer.BodyMemory);
            return read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new DependencyUnavailableException("elasticsearch_unclear", $"{_client.Where} gave a cut or strange answer to a search.", e);
        }
    }

    private SearchResponse ReadResponse(JsonElement root, int size, long begin)
    {
        if (root.TryGetProperty("timed_out", out var timedOut) && timedOut.ValueKind == JsonValueKind.True)
            throw new DependencyUnavailableException("search_timeout", $"The search took longer than {_options.SearchTimeout.TotalSeconds:0.#} s. Ask for less: fewer words, a shorter time, no facets.");

        var outer = root.GetProperty("hits");
        var found = outer.GetProperty("hits");
        var hits = new List<SearchHit>(Math.Min(size, found.GetArrayLength()));
        string? next = null;
        foreach (var hit in found.EnumerateArray())
        {
            if (hits.Count == size)
                break;
            hits.Add(ReadHit(hit));
            if (hits.Count == size && found.GetArrayLength() > size)
                next = SearchCursor.Write(hit.GetProperty("sort"));
        }

        return new SearchResponse(
            outer.GetProperty("total").GetProperty("value").GetInt64(),
            hits,
            ReadFacets(root),
            next,
            _options.Time.GetElapsedTime(begin));
    }

    private SearchHit ReadHit(JsonElement hit)
    {
        var document = ReadDocument(hit.GetProperty("_source"));
        var score = hit.TryGetProperty("_score", out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : 0;
        IReadOnlyList<TextSpan> highlights = [];
        if (hit.TryGetProperty("highlight", out var fields) && fields.TryGetProperty("text", out var texts) && texts.GetArrayLength() > 0)
            highlights = HighlightReader.Read(document.Text, texts[0].GetString() ?? "", _open, _close);
        return new SearchHit(document, score, highlights, hit.GetProperty("_version").GetInt64());
    }

    private static EnrichedDocument ReadDocument(JsonElement source)
    {
        var document = source.Deserialize(ContractsJson.Wire.EnrichedDocument)
            ?? throw new DependencyUnavailableException("elasticsearch_unclear", "Elasticsearch gave a document without content.");
        if (document.Unknown is null)
            return document;

        // What the sink added goes, what it put aside comes back.
        var unknown = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (document.Unknown.TryGetValue("unknown", out var kept) && kept.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in kept.EnumerateObject())
                unknown[member.Name] = member.Value.Clone();
        }

        return document with { Unknown = unknown.Count == 0 ? null : unknown };
    }

    private static Dictionary<string, IReadOnlyList<FacetValue>> ReadFacets(JsonElement root)
    {
        var facets = new Dictionary<string, IReadOnlyList<FacetValue>>(StringComparer.Ordinal);
        if (!root.TryGetProperty("aggregations", out var aggregations))
            return facets;
        foreach (var (name, _) in SearchBody.Facets)
        {
            var values = new List<FacetValue>();
            foreach (var bucket in aggregations.GetProperty(name).GetProperty("buckets").EnumerateArray())
                values.Add(new FacetValue(bucket.GetProperty("key").GetString() ?? "", bucket.GetProperty("doc_count").GetInt64()));
            facets[name] = values;
        }

        return facets;
    }

    private SearchResponse Empty(SearchRequest request, long begin)
    {
        var facets = new Dictionary<string, IReadOnlyList<FacetValue>>(StringComparer.Ordinal);
        if (request.FacetSize > 0)
        {
            foreach (var (name, _) in SearchBody.Facets)
                facets[name] = [];
        }

        return new SearchResponse(0, [], facets, null, _options.Time.GetElapsedTime(begin));
    }
}
