using Streaming.Adapters.Elasticsearch;
using Streaming.Adapters.Sqlite;
using Streaming.Cli.CommandLine;
using Streaming.Core.Search;
using Streaming.Core.Topology;

namespace Streaming.Cli.Composition;

/// <summary>An index to search: the embedded one, or Elasticsearch where a topology writes there.</summary>
internal sealed class SearchAccess : IAsyncDisposable
{
    private readonly EmbeddedStore? _store;
    private readonly ElasticsearchSearchIndex? _remote;

    private SearchAccess(EmbeddedStore? store, ElasticsearchSearchIndex? remote) => (_store, _remote) = (store, remote);

    /// <summary>The index; null when nothing was ever stored.</summary>
    public ISearchIndex? Index => (ISearchIndex?)_remote ?? _store?.Search;

    /// <summary>Opens it; looking makes no store where there is none.</summary>
    public static async Task<SearchAccess> OpenAsync(CliContext context, string? data, TopologyDefinition? topology, CancellationToken cancellationToken)
    {
        if (topology is { Sink: { UsesElasticsearch: true } sink })
        {
            return new SearchAccess(null, new ElasticsearchSearchIndex(new ElasticsearchOptions
            {
                Urls = sink.Urls,
                Alias = sink.Index,
                ApiKey = sink.ApiKey,
                Username = sink.Username,
                Password = sink.Password,
                CaFile = sink.CaFile,
                OnNotice = context.Tell,
                Time = context.Time,
            }));
        }

        return new SearchAccess(await DataFolder.OpenExistingStoreAsync(context, data, cancellationToken), null);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _remote?.Dispose();
        if (_store is not null)
            await _store.DisposeAsync();
    }
}
