using System.Text;
using Streaming.Core.Engine;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;
using Streaming.Testing.Engine;
using Streaming.Testing.Fakes;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Kafka.Tests.Integration;

/// <summary>A topic on a real broker, an index in memory, a ledger that watches both, and engines to run between.</summary>
#pragma warning disable CA1001 // One test's worth; the semaphore has no handle.
internal sealed class KafkaWorld
{
    private readonly KafkaBench _bench;
    private readonly SemaphoreSlim _appending = new(1, 1);

    private KafkaWorld(KafkaBench bench, string topic)
    {
        _bench = bench;
        Topic = topic;
        Group = KafkaBench.Name("world");
        Sink = new InMemorySink(Ledger);
        Letters = new InMemoryDeadLetters(Ledger);
        DocumentSink = Sink;
        LetterSink = Letters;
    }

    public string Topic { get; }

    public string Group { get; }

    public Ledger Ledger { get; } = new();

    public InMemorySink Sink { get; }

    public InMemoryDeadLetters Letters { get; }

    public IDocumentSink DocumentSink { get; set; }

    public IDeadLetterSink LetterSink { get; set; }

    public Func<IMessageSource, IMessageSource> WrapSource { get; set; } = static source => source;

    public FakeModel Model { get; } = new();

    public int Written { get; private set; }

    public List<EngineRun> Runs { get; } = [];

    public (string, string)[] Settings { get; set; } = [];

    public static async Task<KafkaWorld> CreateAsync(KafkaServer server, int partitions)
    {
        var bench = new KafkaBench(server);
        return new KafkaWorld(bench, await bench.TopicAsync(partitions));
    }

    /// <summary>How often this was told.</summary>
    public int Times(string code)
    {
        lock (_bench.Notices)
            return _bench.Notices.Count(notice => notice.Code == code);
    }

    /// <summary>Appends numbered texts with keys of their own.</summary>
    public async Task AppendAsync(int count, Func<int, string?>? text = null)
    {
        await using var producer = _bench.Producer();
        var messages = new List<OutgoingMessage>();
        var keys = new List<string>();
        for (var i = Written; i < Written + count; i++)
        {
            keys.Add("key-" + Make.Number(i));
            var value = text is null ? $"text number {i} of Someone is good" : text(i);
            messages.Add(new OutgoingMessage
            {
                Key = Encoding.UTF8.GetBytes(keys[^1]),
                Value = value is null ? (ReadOnlyMemory<byte>?)null : Encoding.UTF8.GetBytes(value),
            });
        }

        // What an engine reads meanwhile waits until the ledger knows it.
        await _appending.WaitAsync();
        var results = await producer.ProduceAsync(Topic, messages, KafkaBench.Limit());
        for (var i = 0; i < results.Count; i++)
            Ledger.Expect(results[i].Partition, results[i].Offset, keys[i], isFiltered: false);
        Written += count;
        _appending.Release();
    }

    /// <summary>Starts one process's worth: a consumer and an engine.</summary>
    public EngineRun Start()
    {
        var source = new KafkaMessageSource(_bench.Options(Topic, Group, Settings) with { DrainTimeout = TimeSpan.FromSeconds(5) });
        var run = new EngineRun(source);
        var pipeline = new Pipeline
        {
            Topology = "test",
            Source = WrapSource(new WatchedSource(source, Ledger, _appending)),
            Sink = DocumentSink,
            DeadLetters = LetterSink,
            Models = new FakeModelSource(Model),
            Batching = new BatchingOptions { MaxBatchTokens = 512, MaxQueueSize = 500, MaxConcurrentBatches = 2, MaxQueueDelay = TimeSpan.FromMilliseconds(5) },
            Delivery = new DeliveryOptions { CommitInterval = TimeSpan.FromMilliseconds(50), CommitEvery = 200, LagInterval = TimeSpan.Zero, RetryDelay = TimeSpan.FromMilliseconds(10) },
        };
        run.Task = TestEngine.Create().RunAsync(pipeline, run.Drain.Token, run.Abort.Token);
        Runs.Add(run);
        return run;
    }

    /// <summary>Sum of what the group has committed.</summary>
    public Task<long> CommittedAsync() => _bench.CommittedAsync(Group, Topic);

    /// <summary>Waits until everything ended somewhere, then until it is committed.</summary>
    public async Task SettleAsync()
    {
        await KafkaBench.UntilAsync(
            () => Ledger.Count(Terminal.Indexed) + Ledger.Count(Terminal.DeadLettered) + Ledger.Count(Terminal.Deleted) >= Written
                || Ledger.Violations.Count > 0 || Runs.Exists(r => r.Task.IsFaulted));
        var limit = KafkaBench.Limit();
        while (Ledger.Violations.Count == 0 && !Runs.Exists(r => r.Task.IsFaulted) && await CommittedAsync() < Written)
            await Task.Delay(200, limit);
        foreach (var run in Runs)
            await run.StopAsync();
    }

    public async Task AssertSoundAsync()
    {
        Assert.Empty(Ledger.Audit());
        Assert.Equal(Written, await CommittedAsync());
    }

    /// <summary>Sees commits on their way to the broker.</summary>
    private sealed class WatchedSource(IMessageSource inner, Ledger ledger, SemaphoreSlim appending) : IMessageSource
    {
        public ValueTask StartAsync(IAssignmentListener listener, CancellationToken cancellationToken) => inner.StartAsync(listener, cancellationToken);

        public async ValueTask<IReadOnlyList<SourceMessage>> ReadAsync(int maxMessages, long maxBytes, CancellationToken cancellationToken)
        {
            var messages = await inner.ReadAsync(maxMessages, maxBytes, cancellationToken);
            await appending.WaitAsync(CancellationToken.None);
            appending.Release();
            return messages;
        }

        public ValueTask CommitAsync(IReadOnlyList<PartitionCommit> commits, CancellationToken cancellationToken)
        {
            foreach (var commit in commits)
                ledger.Commit(commit, "the engine");
            return inner.CommitAsync(commits, cancellationToken);
        }

        public ValueTask<SourceLag> GetLagAsync(CancellationToken cancellationToken) => inner.GetLagAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}

/// <summary>One run of an engine on a consumer of its own.</summary>
internal sealed class EngineRun(KafkaMessageSource source)
{
    public KafkaMessageSource Source => source;

    public PipelineProgress Progress { get; } = new();

    public CancellationTokenSource Drain { get; } = new();

    public CancellationTokenSource Abort { get; } = new();

    public Task Task { get; set; } = Task.CompletedTask;

    private bool _ended;

    /// <summary>As SIGTERM: drains, commits, leaves.</summary>
    public async Task StopAsync()
    {
        if (_ended)
            return;
        _ended = true;
        await Drain.CancelAsync();
        await Task.WaitAsync(KafkaBench.Patience);
        await source.DisposeAsync();
    }

    /// <summary>As a crash, as far as one process can play it: nothing is finished, nothing more is committed.</summary>
    public async Task KillAsync()
    {
        _ended = true;
        await Abort.CancelAsync();
        try
        {
            await Task.WaitAsync(KafkaBench.Patience);
        }
        catch (OperationCanceledException)
        {
        }

        await source.DisposeAsync();
    }
}
