using Streaming.Contracts;
using Streaming.Core.Search;

namespace Streaming.Server.Tests.Fakes;

/// <summary>A small index in memory: all words must occur, filters and facets as the port says; newest first.</summary>
internal sealed class FakeIndex : ISearchIndex
{
    private readonly List<EnrichedDocument> _documents;

    public FakeIndex(IEnumerable<EnrichedDocument> documents) => _documents = [.. documents.OrderByDescending(d => d.EventTime)];

    public Exception? Fault { get; set; }

    public SearchRequest? Last { get; private set; }

    public ValueTask<EnrichedDocument?> GetAsync(string id, CancellationToken cancellationToken) =>
        Fault is null ? ValueTask.FromResult(_documents.Find(d => d.Id == id)) : throw Fault;

    public ValueTask<SearchResponse> SearchAsync(SearchRequest request, CancellationToken cancellationToken)
    {
        Last = request;
        if (Fault is not null)
            throw Fault;
        var words = (request.Query ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var matches = _documents.Where(d =>
            words.All(w => d.Text.Contains(w, StringComparison.OrdinalIgnoreCase))
            && (request.Topics.Count == 0 || d.Topics.Any(t => request.Topics.Contains(t.Label)))
            && (request.Sentiments.Count == 0 || (d.Sentiment is { } s && request.Sentiments.Contains(s.Label)))
            && (request.Sources.Count == 0 || request.Sources.Contains(d.Source))
            && (request.Entities.Count == 0 || d.Entities.Any(e => request.Entities.Contains(e.Type) || request.Entities.Contains($"{e.Type}:{e.Text}")))).ToList();
        var start = int.Parse(request.After ?? "0", System.Globalization.CultureInfo.InvariantCulture);
        var hits = matches.Skip(start).Take(request.Size).Select(d => new SearchHit(d, 1, Highlights(d.Text, words), 1)).ToList();
        var facets = new Dictionary<string, IReadOnlyList<FacetValue>>
        {
            ["entity"] = Count(matches.SelectMany(d => d.Entities.Select(e => $"{e.Type}:{e.Text}").Distinct())),
            ["entity_type"] = Count(matches.SelectMany(d => d.Entities.Select(e => e.Type).Distinct())),
            ["topic"] = Count(matches.SelectMany(d => d.Topics.Select(t => t.Label))),
            ["sentiment"] = Count(matches.Where(d => d.Sentiment is not null).Select(d => d.Sentiment!.Label)),
            ["aspect"] = Count(matches.SelectMany(d => d.Aspects.Select(a => a.Term))),
            ["source"] = Count(matches.Where(d => d.Source is not null).Select(d => d.Source!)),
        };
        var next = start + hits.Count < matches.Count ? (start + hits.Count).ToString(System.Globalization.CultureInfo.InvariantCulture) : null;
        return ValueTask.FromResult(new SearchResponse(matches.Count, hits, facets, next, TimeSpan.FromMilliseconds(1.25)));
    }

    public ValueTask<IReadOnlyList<Suggestion>> SuggestAsync(string prefix, int size, CancellationToken cancellationToken)
    {
        if (Fault is not null)
            throw Fault;
        var folded = Suggestion.Fold(prefix);
        var topics = _documents.SelectMany(d => d.Topics.Select(t => t.Label)).Where(label => folded is not null && label.StartsWith(folded, StringComparison.OrdinalIgnoreCase));
        var entities = _documents.SelectMany(d => d.Entities).Where(e => folded is not null && e.Text.StartsWith(folded, StringComparison.OrdinalIgnoreCase)).Select(e => $"{e.Type}:{e.Text}");
        return ValueTask.FromResult(Suggestion.Best(
            [.. topics.GroupBy(v => v).Select(g => new Suggestion(Suggestion.Topic, g.Key, g.Count())), .. entities.GroupBy(v => v).Select(g => new Suggestion(Suggestion.Entity, g.Key, g.Count()))], size));
    }

    private static List<FacetValue> Count(IEnumerable<string> values) =>
        [.. values.GroupBy(v => v).Select(g => new FacetValue(g.Key, g.Count())).OrderByDescending(f => f.Count).Take(10)];

    private static List<TextSpan> Highlights(string text, string[] words)
    {
        var spans = new List<TextSpan>();
        foreach (var word in words)
        {
            for (var i = text.IndexOf(word, StringComparison.OrdinalIgnoreCase); i >= 0; i = text.IndexOf(word, i + word.Length, StringComparison.OrdinalIgnoreCase))
                spans.Add(new TextSpan(i, i + word.Length));
        }

        return spans;
    }
}
