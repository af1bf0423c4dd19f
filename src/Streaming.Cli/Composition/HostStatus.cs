using Streaming.Cli.Status;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Search;
using Streaming.Core.Topology;
using Streaming.Server.Status;

namespace Streaming.Cli.Composition;

/// <summary>Totals of the embedded store where there is one, and what this process is doing right now.</summary>
internal sealed class HostStatus(TopologyHost host, TopologyDefinition topology, TimeProvider time) : IStatusReader, IAsyncDisposable
{
    private readonly GroupLag? _group = topology.Source.UsesKafka ? new GroupLag(topology, time) : null;
    private readonly Lock _lock = new();
    private readonly Queue<(long At, long Done)> _window = new();

    /// <summary>Documents expected in all, when known.</summary>
    public long? Expected { get; set; }

    public async ValueTask<ServerStatus> ReadAsync(CancellationToken cancellationToken)
    {
        var now = host.Progress.Snapshot();
        var topologies = new List<TopologyStatus>();
        long? documents = null;
        if (host.Store is { } store)
        {
            foreach (var totals in await store.GetStatusAsync(cancellationToken))
            {
                topologies.Add(new TopologyStatus
                {
                    Topology = totals.Topology,
                    Ingested = totals.Ingested,
                    Indexed = totals.Outcomes.Indexed,
                    DeadLettered = totals.Outcomes.DeadLettered,
                    Filtered = totals.Outcomes.Filtered,
                    Deleted = totals.Outcomes.Deleted,
                    Backlog = totals.Backlog,
                    BacklogSeconds = totals.OldestAge?.TotalSeconds,
                    Model = totals.Model,
                    ModelVersion = totals.ModelVersion,
                });
            }
        }
        else
        {
            topologies.Add(OfThisProcess(now, _group is null ? null : await _group.ReadAsync(cancellationToken)));
        }

        if (host.Search is { } search)
            documents = await CountAsync(search, cancellationToken);
        var mine = topologies.Find(status => status.Topology == topology.Name);
        return new ServerStatus { Topologies = topologies, Documents = documents, Live = Live(now, mine?.Backlog ?? now.Backlog ?? 0) };
    }

    /// <summary>Documents a second over the last few seconds.</summary>
    public double Rate(PipelineSnapshot now)
    {
        lock (_lock)
        {
            var at = time.GetTimestamp();
            _window.Enqueue((at, now.Outcomes.Total));
            while (_window.Count > 2 && time.GetElapsedTime(_window.Peek().At, at) > TimeSpan.FromSeconds(3))
                _window.Dequeue();
            var (since, done) = _window.Peek();
            var seconds = time.GetElapsedTime(since, at).TotalSeconds;
            return seconds < 0.05 ? 0 : (now.Outcomes.Total - done) / seconds;
        }
    }

    /// <summary>An index that does not answer is no reason to say nothing of the rest.</summary>
    private static async ValueTask<long?> CountAsync(ISearchIndex search, CancellationToken cancellationToken)
    {
        try
        {
            return (await search.SearchAsync(new SearchRequest { Size = 0, FacetSize = 0 }, cancellationToken)).Total;
        }
        catch (DependencyUnavailableException)
        {
            return null;
        }
    }

    private LiveProgress Live(PipelineSnapshot now, long backlog)
    {
        var phase = host.NotReadyBecause is not null ? "starting" : backlog > 0 || now.InFlightDocuments > 0 ? "running" : "waiting";
        return new LiveProgress(phase, Expected, now.Outcomes.Total, Math.Round(Rate(now), 1), now.Entities, backlog);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _group?.DisposeAsync() ?? default;

    // Counts are this process's since its start; how far behind is the whole group's.
    private TopologyStatus OfThisProcess(PipelineSnapshot now, (long Messages, TimeSpan? Age)? group) => new()
    {
        Topology = topology.Name,
        Scope = "process",
        Ingested = now.Outcomes.Total + (group?.Messages ?? now.Backlog ?? 0),
        Indexed = now.Outcomes.Indexed,
        DeadLettered = now.Outcomes.DeadLettered,
        Filtered = now.Outcomes.Filtered,
        Deleted = now.Outcomes.Deleted,
        Backlog = group?.Messages ?? now.Backlog ?? 0,
        BacklogSeconds = group?.Age?.TotalSeconds,
        Model = host.Identity?.Name,
        ModelVersion = host.Identity?.Version,
    };
}
