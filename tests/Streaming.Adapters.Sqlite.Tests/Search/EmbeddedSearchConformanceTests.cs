using Streaming.Contracts;
using Streaming.Core.Search;
using Streaming.Testing.Conformance;

namespace Streaming.Adapters.Sqlite.Tests.Search;

public sealed class EmbeddedSearchConformanceTests : SearchIndexConformance, IAsyncDisposable, IAsyncLifetime
{
    private readonly StoreFolder _folder = new();
    private EmbeddedStore? _store;

    public Task InitializeAsync() => Task.CompletedTask;

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        if (_store is not null)
            await _store.DisposeAsync();
        _folder.Dispose();
    }

    protected override async Task<ISearchIndex> OpenAsync(IReadOnlyList<EnrichedDocument> documents)
    {
        _store = await _folder.OpenAsync();
        await _store.CreateSink("t").WriteAsync([.. documents.Select(d => Samples.Write(d))], CancellationToken.None);
        return _store.Search;
    }
}
