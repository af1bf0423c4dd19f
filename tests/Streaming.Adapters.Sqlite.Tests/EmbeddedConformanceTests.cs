using Streaming.Adapters.Sqlite.DeadLetters;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;
using Streaming.Testing.Conformance;

namespace Streaming.Adapters.Sqlite.Tests;

/// <summary>One store, opened for one test.</summary>
public sealed class OpenedStore : IAsyncDisposable
{
    private readonly StoreFolder _folder = new();
    private EmbeddedStore? _store;

    public async Task<EmbeddedStore> OpenAsync() => _store ??= await _folder.OpenAsync();

    public EmbeddedStore Store => _store ?? throw new InvalidOperationException("this is a bug: the store is not open yet");

    public async Task<IReadOnlyList<DeadLetter>> LettersAsync() =>
        [.. (await Store.ListDeadLettersAsync(new DeadLetterQuery { Size = 10_000 }, CancellationToken.None)).Select(stored => stored.Letter)];

    public async ValueTask DisposeAsync()
    {
        if (_store is not null)
            await _store.DisposeAsync();
        _folder.Dispose();
    }
}

public sealed class EmbeddedSourceConformanceTests : MessageSourceConformance
{
    private readonly OpenedStore _opened = new();

    public override async Task InitializeAsync() => await (await _opened.OpenAsync()).EnsureTopicAsync("raw", 2, CancellationToken.None);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _opened.DisposeAsync();
    }

    protected override async Task ProduceAsync(IReadOnlyList<OutgoingMessage> messages)
    {
        await using var producer = _opened.Store.CreateProducer();
        Assert.All(await producer.ProduceAsync("raw", messages, CancellationToken.None), result => Assert.True(result.IsStored, result.Error));
    }

    protected override IMessageSource CreateSource(string group) => _opened.Store.CreateSource(new() { Group = group, Topics = ["raw"] });
}

public sealed class EmbeddedProducerConformanceTests : MessageProducerConformance, IAsyncLifetime
{
    private readonly OpenedStore _opened = new();

    protected override string Topic => "produced";

    public Task InitializeAsync() => _opened.OpenAsync();

    public async Task DisposeAsync() => await _opened.DisposeAsync();

    protected override IMessageProducer CreateProducer() => _opened.Store.CreateProducer();

    protected override async Task<IReadOnlyList<SourceMessage>> ReadAllAsync(string topic)
    {
        await using var source = _opened.Store.CreateSource(new() { Group = "reader", Topics = [topic], StopAtEnd = true });
        await source.StartAsync(new Assignments(), CancellationToken.None);
        var all = new List<SourceMessage>();
        while (await source.ReadAsync(1_000, long.MaxValue, CancellationToken.None) is { Count: > 0 } messages)
            all.AddRange(messages);
        return all;
    }
}

public sealed class EmbeddedDocumentSinkConformanceTests : DocumentSinkConformance, IAsyncLifetime
{
    private readonly OpenedStore _opened = new();

    public Task InitializeAsync() => _opened.OpenAsync();

    public async Task DisposeAsync() => await _opened.DisposeAsync();

    protected override Task<IDocumentSink> OpenAsync() => Task.FromResult<IDocumentSink>(_opened.Store.CreateSink("test"));

    protected override async Task<EnrichedDocument?> FindAsync(string id) => await _opened.Store.Search.GetAsync(id, CancellationToken.None);
}

public sealed class EmbeddedDeadLetterConformanceTests : DeadLetterSinkConformance, IAsyncLifetime
{
    private readonly OpenedStore _opened = new();

    public Task InitializeAsync() => _opened.OpenAsync();

    public async Task DisposeAsync() => await _opened.DisposeAsync();

    protected override Task<IDeadLetterSink> OpenAsync() => Task.FromResult<IDeadLetterSink>(_opened.Store.CreateSink("test"));

    protected override Task<IReadOnlyList<DeadLetter>> ReadAllAsync() => _opened.LettersAsync();
}

public sealed class EmbeddedTransactionConformanceTests : TransactionalSinkConformance, IAsyncLifetime
{
    private readonly OpenedStore _opened = new();

    public async Task InitializeAsync()
    {
        var store = await _opened.OpenAsync();
        await store.EnsureTopicAsync("raw", 2, CancellationToken.None);
        await store.RegisterTopologyAsync("test", null, ["raw"], null, null, CancellationToken.None);
        await using var producer = store.CreateProducer();
        for (var i = 0; i < 10; i++)
        {
            foreach (var key in (byte[])[1, 2, 3, 4, 5, 6, 7, 8])
                await producer.ProduceAsync("raw", [new OutgoingMessage { Key = new[] { key }, Value = new byte[] { 1 } }], CancellationToken.None);
        }
    }

    public async Task DisposeAsync() => await _opened.DisposeAsync();

    protected override Task<ITransactionalSink> OpenAsync() => Task.FromResult(_opened.Store.CreateSink("test"));

    protected override TopicPartition Partition(int number) => new("raw", number);

    protected override async Task<EnrichedDocument?> FindAsync(string id) => await _opened.Store.Search.GetAsync(id, CancellationToken.None);

    protected override Task<IReadOnlyList<DeadLetter>> DeadLettersAsync() => _opened.LettersAsync();

    protected override async Task<long> CommittedAsync(int partition)
    {
        // A source starts at the committed offsets.
        var listener = new Assignments();
        await using var source = _opened.Store.CreateSource(new() { Group = "test", Topics = ["raw"] });
        await source.StartAsync(listener, CancellationToken.None);
        return listener.Assigned.Single(commit => commit.Partition.Partition == partition).NextOffset;
    }

    protected override async Task<OutcomeCounts> OutcomesAsync() => (await _opened.Store.GetStatusAsync(CancellationToken.None)).Single(status => status.Topology == "test").Outcomes;
}
