using Streaming.Core.Engine;
using Streaming.Core.Labelling;
using Streaming.Core.Messaging;
using Streaming.Core.Models;
using Streaming.Core.Sinks;
using Streaming.Testing.Fakes;

namespace Streaming.Testing.Engine;

/// <summary>A log, an index, dead letters and a model in memory, a ledger that watches them, and an engine to run on them.</summary>
public sealed class PipelineWorld
{
    /// <summary>Longest a run may take before a test fails instead of hanging.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly IPipelineEngine _engine;

    /// <summary>A world of so many partitions.</summary>
    public PipelineWorld(IPipelineEngine engine, int partitions = 1, FakeModel? model = null, string topic = "raw")
    {
        _engine = engine;
        Log = new InMemoryLog(partitions, topic);
        Sink = new InMemorySink(Log.Ledger);
        Letters = new InMemoryDeadLetters(Log.Ledger);
        Model = model ?? new FakeModel();
        Models = new FakeModelSource(Model);
        DocumentSink = Sink;
        LetterSink = Letters;
    }

    /// <summary>The input.</summary>
    public InMemoryLog Log { get; }

    /// <summary>The index.</summary>
    public InMemorySink Sink { get; }

    /// <summary>The dead letters.</summary>
    public InMemoryDeadLetters Letters { get; }

    /// <summary>The first model.</summary>
    public FakeModel Model { get; }

    /// <summary>Who hands it out.</summary>
    public FakeModelSource Models { get; }

    /// <summary>Put in the place of <see cref="Models"/>.</summary>
    public IModelSource? ModelSource { get; set; }

    /// <summary>What the engine writes to: <see cref="Sink"/> unless a test puts something before it.</summary>
    public IDocumentSink DocumentSink { get; set; }

    /// <summary>What the engine gives dead letters to: <see cref="Letters"/> unless a test puts something before it.</summary>
    public IDeadLetterSink LetterSink { get; set; }

    /// <summary>Put between log and engine.</summary>
    public Func<IMessageSource, IMessageSource> WrapSource { get; set; } = static source => source;

    /// <summary>Chooses what is labelled.</summary>
    public ISampleSelector? Selector { get; set; }

    /// <summary>Where requests for labels go.</summary>
    public ILabelRequestSink? Requests { get; set; }

    /// <summary>Rules.</summary>
    public EnrichmentOptions Enrichment { get; set; } = new();

    /// <summary>Grouping and bounds.</summary>
    public BatchingOptions Batching { get; set; } = new() { MaxBatchTokens = 64, MaxBatchSize = 8, MaxQueueSize = 64, MaxConcurrentBatches = 2, MaxQueueDelay = TimeSpan.FromMilliseconds(5) };

    /// <summary>Commits after every few messages, retries without long waits.</summary>
    public DeliveryOptions Delivery { get; set; } = new()
    {
        MaxWriteSize = 16,
        CommitEvery = 4,
        CommitInterval = TimeSpan.FromMilliseconds(20),
        RetryDelay = TimeSpan.FromMilliseconds(1),
        MaxRetryDelay = TimeSpan.FromMilliseconds(5),
        LagInterval = TimeSpan.Zero,
    };

    /// <summary>What the pipeline told.</summary>
    public List<PipelineNotice> Notices { get; } = [];

    /// <summary>The oracle.</summary>
    public Ledger Ledger => Log.Ledger;

    /// <summary>Progress of the run last started.</summary>
    public PipelineProgress Progress { get; private set; } = new();

    /// <summary>Appends numbered texts, round robin over the partitions, with equal keys in the same partition.</summary>
    public void Append(int count, int keys = int.MaxValue, Func<int, string>? text = null)
    {
        for (var i = 0; i < count; i++)
        {
            var key = i % keys;
            Log.Append(text?.Invoke(i) ?? $"text number {Make.Number(i)} of Someone is good", "key-" + Make.Number(key), key % Log.Partitions);
        }
    }

    /// <summary>A pipeline that reads with this consumer.</summary>
    public Pipeline Pipeline(IMessageSource source)
    {
        Progress = new PipelineProgress();
        return new Pipeline
        {
            Topology = "test",
            Source = WrapSource(source),
            Sink = DocumentSink,
            DeadLetters = LetterSink,
            Models = ModelSource ?? Models,
            Selector = Selector,
            Requests = Requests,
            Enrichment = Enrichment,
            Batching = Batching,
            Delivery = Delivery,
            Progress = Progress,
            Notify = notice =>
            {
                lock (Notices)
                    Notices.Add(notice);
            },
        };
    }

    /// <summary>Runs to the end of the log.</summary>
    public async Task RunAsync(CancellationToken drain = default, CancellationToken abort = default)
    {
        await using var source = Log.Consume();
        await StartAsync(source, drain, abort).WaitAsync(Patience);
    }

    /// <summary>Starts a run with this consumer.</summary>
    public Task StartAsync(IMessageSource source, CancellationToken drain = default, CancellationToken abort = default) =>
        _engine.RunAsync(Pipeline(source), drain, abort);

    /// <summary>Nothing lost, nothing twice, no commit too far, no lease kept; all of the log committed.</summary>
    public void AssertSound()
    {
        Assert.Empty(Ledger.Audit());
        for (var partition = 0; partition < Log.Partitions; partition++)
            Assert.Equal(Log.End(partition), Log.Committed(partition));
        Assert.Equal(0, Models.OpenLeases);
    }

    /// <summary>Every key's writes were tried in the order of their messages.</summary>
    public void AssertOrderPerKey()
    {
        var last = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (id, version) in Sink.History)
        {
            Assert.True(!last.TryGetValue(id, out var before) || version > before, $"{id} was written out of order");
            last[id] = version;
        }
    }

    /// <summary>Waits until something holds, without a clock of its own; fails after <see cref="Patience"/>.</summary>
    public static async Task UntilAsync(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!holds())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
