using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Search;
using Streaming.Server.Http;

namespace Streaming.Server.Search;

/// <summary><c>GET /v1/search</c> and <c>GET /v1/documents/{id}</c>.</summary>
internal static class SearchEndpoints
{
    private const string DocumentsPath = "/v1/documents/";
    private const int MaxConditions = 50;
    private const int MaxConditionLength = 512;

    public static void Map(IEndpointRouteBuilder routes, ServerParts parts)
    {
        routes.MapGet("/v1/search", async Task<IResult> (HttpContext context) =>
            {
                var search = parts.Search ?? throw Unavailable.Part("search index");
                var request = Read(context.Request.Query, parts.Time.GetUtcNow());
                var response = await search.SearchAsync(request, context.RequestAborted).ConfigureAwait(false);
                return Results.Json(SearchResult.Of(response), ServerJson.Wire.SearchResult);
            })
            .WithName("search").WithSummary("Finds enriched documents")
            .WithDescription("All conditions must hold; of a repeated one any may. Highlights are spans of the text in UTF-16 code units, not marked-up text.")
            .WithParameter("q", "Words, all of which must occur; \"a phrase\" in double quotes; -word must not occur. Any string is a valid query.")
            .WithParameter("entity", "TYPE, TYPE:surface or :surface; may be repeated.", repeated: true)
            .WithParameter("topic", "Topic label; may be repeated.", repeated: true)
            .WithParameter("sentiment", "Sentiment label; may be repeated.", repeated: true)
            .WithParameter("aspect", "term, term:sentiment or :sentiment; may be repeated.", repeated: true)
            .WithParameter("source", "Source as the producer gave it; may be repeated.", repeated: true)
            .WithParameter("since", "Event time at or after: a date, a time, or an age such as 24h or 7d.")
            .WithParameter("until", "Event time before.")
            .WithParameter("order", "relevance (default) or newest.")
            .WithParameter("size", "Hits to return, 0–200; 20 unless told.")
            .WithParameter("facets", "Values a facet, 0–100; 10 unless told.")
            .WithParameter("after", "Where the previous page ended: its next.")
            .Produces<SearchResult>().ProducesProblem(StatusCodes.Status400BadRequest);

        routes.MapGet("/v1/suggest", async Task<IResult> (HttpContext context) =>
            {
                var search = parts.Search ?? throw Unavailable.Part("search index");
                string? prefix = context.Request.Query["prefix"];
                string? size = context.Request.Query["size"];
                var found = await search.SuggestAsync(
                    prefix ?? throw new StreamingException("invalid_parameter", "say how it begins: GET /v1/suggest?prefix=be"),
                    string.IsNullOrEmpty(size) ? 10 : SearchParameters.ParseCount("size", size, 1, Suggestion.MaxSize),
                    context.RequestAborted).ConfigureAwait(false);
                return Results.Json(new SuggestResult(found), ServerJson.Wire.SuggestResult);
            })
            .WithName("suggest").WithSummary("Entities, topics and aspects whose names begin so")
            .WithDescription("Kind is the search parameter that takes the value.")
            .WithParameter("prefix", "How it begins, whatever the case.")
            .WithParameter("size", "Names to return, 1–50; 10 unless told.")
            .Produces<SuggestResult>().ProducesProblem(StatusCodes.Status400BadRequest);

        routes.MapGet("/v1/documents/{**id}", async Task<IResult> (HttpContext context) =>
            {
                var search = parts.Search ?? throw Unavailable.Part("search index");
                var id = IdIn(context);
                if (id.Length == 0)
                    throw new StreamingException("invalid_parameter", "name a document: GET /v1/documents/ID");
                var document = await search.GetAsync(id, context.RequestAborted).ConfigureAwait(false);
                return document is null
                    ? Problem.Of(StatusCodes.Status404NotFound, "document_not_found", "there is no document with this id")
                    : Results.Json(document, ServerJson.Wire.EnrichedDocument);
            })
            .WithName("getDocument").WithSummary("One enriched document, with its lineage")
            .Produces<EnrichedDocument>().ProducesProblem(StatusCodes.Status404NotFound);
    }

    // A path leaves %2F as it is and decodes everything else, so that an id with a slash and one with "%2F" would look alike.
    private static string IdIn(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var begin = target.IndexOf(DocumentsPath, StringComparison.OrdinalIgnoreCase);
        if (begin < 0)
            return (string?)context.Request.RouteValues["id"] ?? "";
        var end = target.IndexOf('?', StringComparison.Ordinal);
        return Uri.UnescapeDataString(target[(begin + DocumentsPath.Length)..(end < 0 ? target.Length : end)]);
    }

    internal static SearchRequest Read(IQueryCollection query, DateTimeOffset now)
    {
        var request = new SearchRequest();
        foreach (var (name, values) in query)
        {
            if (values.Count > MaxConditions)
                throw new StreamingException("invalid_parameter", $"{name} is given more than {MaxConditions} times");
            var list = new List<string>(values.Count);
            foreach (var value in values)
            {
                if (string.IsNullOrEmpty(value))
                    continue;
                if (value.Length > MaxConditionLength && name is not ("q" or "after"))
                    throw new StreamingException("invalid_parameter", $"{name} is longer than {MaxConditionLength} characters");
                list.Add(value);
            }

            if (list.Count == 0)
                continue;
            request = name switch
            {
                "q" => request with { Query = Single(name, list) },
                "entity" => request with { Entities = list },
                "topic" => request with { Topics = list },
                "sentiment" => request with { Sentiments = list },
                "aspect" => request with { Aspects = list },
                "source" => request with { Sources = list },
                "since" => request with { Since = SearchParameters.ParseTime(name, Single(name, list), now) },
                "until" => request with { Until = SearchParameters.ParseTime(name, Single(name, list), now) },
                "order" => request with { Order = SearchParameters.ParseOrder(name, Single(name, list)) },
                "size" => request with { Size = SearchParameters.ParseCount(name, Single(name, list), 0, 200) },
                "facets" => request with { FacetSize = SearchParameters.ParseCount(name, Single(name, list), 0, 100) },
                "after" => request with { After = Single(name, list) },
                _ => throw new StreamingException("unknown_parameter", $"'{Clip(name)}' is not a search parameter; there are q, entity, topic, sentiment, aspect, source, since, until, order, size, facets, after"),
            };
        }

        return request;
    }

    private static string Single(string name, List<string> values) => values.Count == 1
        ? values[0]
        : throw new StreamingException("invalid_parameter", $"{name} may be given once");

    private static string Clip(string name) => name.Length <= 40 ? name : name[..40];
}
