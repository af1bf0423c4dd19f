using System.CommandLine;
using System.Text.Json;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Search;
using Streaming.Server.Http;
using Streaming.Server.Search;

namespace Streaming.Cli.Searching;

/// <summary><c>streaming search 'QUERY'</c>: finds enriched documents.</summary>
internal static class SearchCommand
{
    private const int MaxSize = 200;
    private const int FacetSize = 10;

    public static Command Create(CliContext context)
    {
        var query = new Argument<string?>("QUERY")
        {
            Description = "Words that must all occur, \"a phrase\", -word; none: everything",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var entity = Many("--entity", "TYPE:surface, :surface or TYPE, e.g. PER:Obama", "ENTITY");
        var entityType = Many("--entity-type", "Type of an entity, e.g. ORG", "TYPE");
        var topic = Many("--topic", "Topic label", "LABEL");
        var sentiment = Many("--sentiment", "Sentiment label", "LABEL");
        var aspect = Many("--aspect", "term, term:sentiment or :sentiment", "ASPECT");
        var source = Many("--source", "Source as producers gave it", "SOURCE");
        var since = new Option<string?>("--since") { Description = "From this time on: 2026-01-31, 2026-01-31T12:00:00Z, or an age: 24h, 7d", HelpName = "TIME" };
        var until = new Option<string?>("--until") { Description = "Before this time", HelpName = "TIME" };
        var size = new Option<string>("--size") { Description = "Hits to show, 0 to 200", HelpName = "N", DefaultValueFactory = static _ => "20" };
        var after = new Option<string?>("--after") { Description = "Where the previous page ended (its 'next')", HelpName = "CURSOR" };
        var order = new Option<string>("--order") { Description = "relevance or newest", DefaultValueFactory = static _ => "relevance" };
        var facets = new Option<bool>("--facets") { Description = "Count the values of entities, topics, sentiments, aspects and sources" };
        var suggest = new Option<string?>("--suggest") { Description = "Instead of documents: entities, topics and aspects whose names begin so", HelpName = "PREFIX" };
        var topology = new Option<string?>("--topology") { Description = "Topology whose index to search; one that writes to Elasticsearch is searched there", HelpName = "FILE" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("search", "Search enriched documents")
            .With(query, entity, entityType, topic, sentiment, aspect, source, since, until, size, after, order, facets, suggest, topology, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var now = context.Time.GetUtcNow();
                var request = new SearchRequest
                {
                    Query = parsed.GetValue(query),
                    Entities = [.. parsed.GetValue(entity)!, .. parsed.GetValue(entityType)!],
                    Topics = parsed.GetValue(topic)!,
                    Sentiments = parsed.GetValue(sentiment)!,
                    Aspects = parsed.GetValue(aspect)!,
                    Sources = parsed.GetValue(source)!,
                    Since = parsed.GetValue(since) is { } from ? SearchParameters.ParseTime("--since", from, now) : null,
                    Until = parsed.GetValue(until) is { } to ? SearchParameters.ParseTime("--until", to, now) : null,
                    Size = SearchParameters.ParseCount("--size", parsed.GetValue(size)!, 0, MaxSize),
                    After = parsed.GetValue(after),
                    Order = SearchParameters.ParseOrder("--order", parsed.GetValue(order)!),
                    FacetSize = parsed.GetValue(facets) ? FacetSize : 0,
                };
                var definition = parsed.GetValue(topology) is { } told ? TopologyFile.Load(context, told).Definition : null;
                await using var access = await SearchAccess.OpenAsync(context, parsed.GetValue(data), definition, cancellationToken);
                if (parsed.GetValue(suggest) is { } prefix)
                {
                    var most = Math.Min(request.Size, Suggestion.MaxSize);
                    IReadOnlyList<Suggestion> found = access.Index is { } names ? await names.SuggestAsync(prefix, most, cancellationToken) : [];
                    if (parsed.GetValue(json))
                        context.Out.WriteLine(JsonSerializer.Serialize(new SuggestResult(found), ServerJson.Wire.SuggestResult));
                    else
                        SearchPrinter.Write(context.Out, new Paint(context.UseColour), found);
                    return ExitCode.Ok;
                }

                var response = access.Index is { } index
                    ? await index.SearchAsync(request, cancellationToken)
                    : new SearchResponse(0, [], new Dictionary<string, IReadOnlyList<FacetValue>>(), null, TimeSpan.Zero);
                if (!response.IsComplete)
                    context.Say("search_incomplete: the time limit cut the search short; counts are lower bounds. Ask for less: fewer words, a shorter time, no facets");
                if (parsed.GetValue(json))
                    context.Out.WriteLine(JsonSerializer.Serialize(SearchResult.Of(response), ServerJson.Wire.SearchResult));
                else
                    SearchPrinter.Write(context.Out, new Paint(context.UseColour), response);
                return ExitCode.Ok;
            });
    }

    private static Option<string[]> Many(string name, string description, string help) => new(name)
    {
        Description = description + "; may be given again",
        HelpName = help,
        DefaultValueFactory = static _ => [],
    };
}
