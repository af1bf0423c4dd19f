using Streaming.Cli.Composition;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Models;
using Streaming.Core.Search;
using Streaming.Core.Sinks;
using Streaming.Core.Topology;
using Streaming.Text.Analysis;

namespace Streaming.Cli.Retraining;

/// <summary>
/// Goes through the index, newest first, and enriches again what another model has made. The new version lies above the document it
/// replaces and below the next message of its key, so nothing newer is overwritten; what has the model in force already is passed
/// over, so a job that was stopped goes on where it was.
/// </summary>
internal sealed class Reenrichment(TopologyHost host, TopologyDefinition topology, TimeProvider time)
{
    private const int PageSize = 50;
    private const int MaxRevision = 255;

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

    /// <summary>Runs to the end of the index.</summary>
    public async Task RunAsync(int perSecond, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        using var lease = host.Models!.Acquire();
        var analyzer = new BatchAnalyzer(lease.Model, topology.Batching);
        var revision = Revision();
        string? after = null;
        do
        {
            var page = await host.Search!.SearchAsync(new SearchRequest { Size = PageSize, After = after, Order = SearchOrder.Newest, FacetSize = 0 }, cancellationToken);
            after = page.Next;
            Seen += page.Hits.Count;
            var old = page.Hits.Select(static hit => hit.Document).Where(document => document.Lineage.Topology == topology.Name && !IsCurrent(document, lease.Model.Identity)).ToList();
            if (old.Count > 0)
                await EnrichAsync(old, analyzer, lease.Model.Identity, revision, cancellationToken);
            Report(Seen, page.Total);
            if (perSecond > 0 && TimeSpan.FromSeconds((double)Enriched / perSecond) - time.GetElapsedTime(started) is { Ticks: > 0 } early)
                await Task.Delay(early, time, cancellationToken);
        }
        while (after is not null);
    }

    private static bool IsCurrent(EnrichedDocument document, ModelIdentity model) =>
        document.Lineage.Model == model.Name && document.Lineage.ModelVersion == model.Version
        && document.Lineage.Heads.Count == model.Heads.Count && document.Lineage.Heads.All(head => model.Heads.TryGetValue(head.Key, out var digest) && digest == head.Value);

    // Rises with every change of the model in force, so that each re-enrichment lies above the one before.
    private int Revision() => host.Serving!.Registry is null
        ? 1
        : (int)Math.Clamp(host.Serving.History().Events.Count(static decided => decided.Kind is ModelEventKind.Promoted or ModelEventKind.RolledBack), 1, MaxRevision);

    private async Task EnrichAsync(List<EnrichedDocument> documents, BatchAnalyzer analyzer, ModelIdentity model, int revision, CancellationToken cancellationToken)
    {
        var found = await analyzer.AnalyzeAsync([.. documents.Select(static document => document.Text)], null, cancellationToken);
        var writes = new List<DocumentWrite>();
        for (var i = 0; i < documents.Count; i++)
        {
            var outcome = found.Results[i];
            if (!outcome.IsSuccess)
            {
                Failed++;
                continue;
            }

            var annotations = outcome.Value;
            writes.Add(new DocumentWrite
            {
                Id = documents[i].Id,
                Version = DocumentVersion.From(documents[i].Lineage.Offset, 0, revision),
                Document = documents[i] with
                {
                    Entities = annotations.Entities,
                    Topics = annotations.Topics,
                    Sentiment = annotations.Sentiment,
                    Aspects = annotations.Aspects,
                    Coverage = annotations.Coverage,
                    Lineage = documents[i].Lineage with { Model = model.Name, ModelVersion = model.Version, Heads = model.Heads },
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
