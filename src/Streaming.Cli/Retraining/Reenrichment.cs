using Streaming.Cli.Composition;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Models;
using Streaming.Core.Models.Caching;
using Streaming.Core.Search;
using Streaming.Core.Sinks;
using Streaming.Core.Topology;
using Streaming.Text.Analysis;

namespace Streaming.Cli.Retraining;

/// <summary>
/// Goes through the index, newest first, and enriches again what another model has made. The new version is the document's own, raised:
/// above the document it replaces and below the next message of its key, whatever generation or place that came from, so nothing newer
/// is overwritten. What has the model in force already is passed over, so a job that was stopped goes on where it was.
/// </summary>
/// <param name="host">Model, index and sink.</param>
/// <param name="topology">Whose documents.</param>
/// <param name="cache">Of the model's encoder; null: every text goes through the encoder.</param>
/// <param name="time">Clock of the rate.</param>
internal sealed class Reenrichment(TopologyHost host, TopologyDefinition topology, EncoderCache? cache, TimeProvider time)
{
    private const int PageSize = 50;

    /// <summary>Told how many of how many documents were looked at.</summary>
    public required Action<long, long> Report { get; init; }

    /// <summary>Documents looked at.</summary>
    public long Seen { get; private set; }

    /// <summary>Documents enriched again.</summary>
    public long Enriched { get; private set; }

    /// <summary>Documents that had become newer meanwhile.</summary>
    public long Superseded { get; private set; }

    /// <summary>Documents that the model or the sink refused.</summary>
    public long Failed { get; private set; }

    /// <summary>Windows of texts that came from the cache, and those that went through the encoder.</summary>
    public (long Cached, long Encoded) Windows { get; private set; }

    /// <summary>Runs to the end of the index.</summary>
    public async Task RunAsync(int perSecond, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        using var lease = host.Models!.Acquire();
        await using var caching = cache is null ? null : new CachingModelRunner(lease.Model.Runner, cache);
        var analyzer = new BatchAnalyzer(lease.Model, topology.Batching, caching);
        string? after = null;
        do
        {
            var page = await host.Search!.SearchAsync(new SearchRequest { Size = PageSize, After = after, Order = SearchOrder.Newest, FacetSize = 0 }, cancellationToken);
            after = page.Next;
            Seen += page.Hits.Count;
            var old = page.Hits.Where(hit => hit.Document.Lineage.Topology == topology.Name && !IsCurrent(hit.Document, lease.Model.Identity)).ToList();
            if (old.Count > 0)
                await EnrichAsync(old, analyzer, lease.Model.Identity, cancellationToken);
            Windows = (caching?.Hits ?? 0, caching?.Misses ?? 0);
            Report(Seen, page.Total);
            if (perSecond > 0 && TimeSpan.FromSeconds((double)Enriched / perSecond) - time.GetElapsedTime(started) is { Ticks: > 0 } early)
                await Task.Delay(early, time, cancellationToken);
        }
        while (after is not null);
    }

    private static bool IsCurrent(EnrichedDocument document, ModelIdentity model) =>
        document.Lineage.Model == model.Name && document.Lineage.ModelVersion == model.Version
        && document.Lineage.Heads.Count == model.Heads.Count && document.Lineage.Heads.All(head => model.Heads.TryGetValue(head.Key, out var digest) && digest == head.Value);

    private async Task EnrichAsync(List<SearchHit> hits, BatchAnalyzer analyzer, ModelIdentity model, CancellationToken cancellationToken)
    {
        var found = await analyzer.AnalyzeAsync([.. hits.Select(static hit => hit.Document.Text)], null, cancellationToken);
        var writes = new List<DocumentWrite>();
        for (var i = 0; i < hits.Count; i++)
        {
            var (document, outcome) = (hits[i].Document, found.Results[i]);
            if (!outcome.IsSuccess || DocumentVersion.Raise(hits[i].Version) is not { } version)
            {
                Failed++;
                continue;
            }

            var annotations = outcome.Value;
            writes.Add(new DocumentWrite
            {
                Id = document.Id,
                Version = version,
                Document = document with
                {
                    Entities = annotations.Entities,
                    Topics = annotations.Topics,
                    Sentiment = annotations.Sentiment,
                    Aspects = annotations.Aspects,
                    AspectCategories = annotations.AspectCategories,
                    Coverage = annotations.Coverage,
                    Lineage = document.Lineage with { Model = model.Name, ModelVersion = model.Version, Heads = model.Heads },
                },
            });
        }

        foreach (var result in writes.Count == 0 ? [] : await host.Sink!.WriteAsync(writes, cancellationToken))
        {
            switch (result.Status)
            {
                case SinkStatus.Applied:
                    Enriched++;
                    break;
                case SinkStatus.Superseded:
                    Superseded++;
                    break;
                default:
                    Failed++;
                    break;
            }
        }
    }
}
