using System.Text;
using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Learning.Labelling;
using Streaming.Testing.Conformance;
using Streaming.Testing.Engine;
using Streaming.Testing.Fakes;

namespace Streaming.Learning.Tests.Labelling;

public sealed class LabellingWorkerTests
{
    private readonly InMemoryLog _log = new(2);
    private readonly InMemorySampleStore _store = new();
    private readonly InMemoryDeadLetters _letters = new(new Ledger());

    [Fact]
    public async Task RunAsync_Requests_AreAnsweredOnceAndCommitted()
    {
        for (var i = 0; i < 50; i++)
            Append(SampleStoreConformance.Request($"r{i}", text: $"text {i}"), i % 2);
        Append(SampleStoreConformance.Request("other", topology: "another"), 0);
        var worker = Worker(new Fixed());

        await RunAsync(worker);

        Assert.Equal(new LabellingProgress(50, 50, 0, 0), worker.Progress);
        Assert.Equal(50, (await _store.ListSamplesAsync(new(), CancellationToken.None)).Count);
        Assert.Equal((_log.End(0), _log.End(1)), (_log.Committed(0), _log.Committed(1)));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"id":"a","document_id":"d","text":"t","tasks":[],"guess":{},"reasons":[],"priority":0.5,"topology":"t","model":"m","model_version":"1","requested_at":"2024-01-01T00:00:00Z"}""")]
    public async Task RunAsync_NoRequest_BecomesADeadLetterAndTheNextIsAnswered(string value)
    {
        _log.Append(Encoding.UTF8.GetBytes(value), "bad");
        Append(SampleStoreConformance.Request("r"), 0);
        var worker = Worker(new Fixed());

        await RunAsync(worker);

        Assert.Equal((1L, 1L), (worker.Progress.Bad, worker.Progress.Valid));
        Assert.Equal(value, Encoding.UTF8.GetString(Assert.Single(_letters.Letters).Value!));
    }

    [Fact]
    public async Task RunAsync_RequestWithoutListsThatAreNotRequired_IsAnswered()
    {
        _log.Append("""{"id":"a","document_id":"d","text":"t","tasks":["entities"],"guess":{},"reasons":[],"priority":0.5,"topology":"t","model":"m","model_version":"1","requested_at":"2024-01-01T00:00:00Z","later":1}"""u8.ToArray(), "a");
        var worker = Worker(new Fixed());

        await RunAsync(worker);

        Assert.Equal(1, worker.Progress.Valid);
    }

    [Fact]
    public async Task RunAsync_LabellerAway_IsWaitedForAndToldOnce()
    {
        Append(SampleStoreConformance.Request("r"), 0);
        var time = new ManualTimeProvider();
        var told = new List<string>();
        var labeller = new Fixed { AwayFor = 3 };
        var worker = Worker(labeller, time, told);

        var run = worker.RunAsync(CancellationToken.None);
        await PipelineWorld.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromMinutes(1));
            return run.IsCompleted;
        });
        await run;

        Assert.Equal(1, worker.Progress.Valid);
        Assert.Equal(["away", "label_dependency_back"], told);
    }

    [Fact]
    public async Task Collect_BothTopics_FillTheStoreAndWhatIsNeitherIsCounted()
    {
        var requests = new InMemoryLog(1, "to-label");
        requests.Append(JsonSerializer.SerializeToUtf8Bytes(SampleStoreConformance.Request("r"), ContractsJson.Wire.LabelRequest), "r");
        requests.Append("{"u8.ToArray(), "x");
        var labelled = new InMemoryLog(1, "labelled");
        var sample = SampleStoreConformance.Sample("r", LabellerKind.Llm, "m");
        labelled.Append(JsonSerializer.SerializeToUtf8Bytes(sample, ContractsJson.Wire.LabelledSample), "s");
        labelled.Append(JsonSerializer.SerializeToUtf8Bytes(sample with { Spans = [new SampleSpan(0, 99, "PER")] }, ContractsJson.Wire.LabelledSample), "s");
        long bad = 0;
        foreach (var log in new[] { requests, labelled })
        {
            await using var source = log.Consume();
            var collector = new SampleCollector(source, "to-label", _store, TimeProvider.System, null);
            await collector.RunAsync(CancellationToken.None);
            bad += collector.Bad;
        }

        Assert.Equal("r", Assert.Single(await _store.ListRequestsAsync(new(), CancellationToken.None)).Request.Id);
        Assert.Equal(4, Assert.Single(await _store.ListSamplesAsync(new(), CancellationToken.None)).Sample.Spans[0].End);
        Assert.Equal(2, bad);
    }

    private void Append(LabelRequest request, int partition) => _log.Append(JsonSerializer.SerializeToUtf8Bytes(request, ContractsJson.Wire.LabelRequest), request.Id, partition);

    private LabellingWorker Worker(ILabeller labeller, TimeProvider? time = null, List<string>? told = null) => new(
        new LabellingWorkerOptions
        {
            Topology = "t",
            Source = _log.Consume(),
            Labeller = labeller,
            Write = async (samples, token) => await _store.AddSamplesAsync(samples, token),
            DeadLetters = _letters,
            Notify = notice => told?.Add(notice.Code),
        },
        time ?? TimeProvider.System);

    private static async Task RunAsync(LabellingWorker worker) => await worker.RunAsync(CancellationToken.None).WaitAsync(PipelineWorld.Patience);

    private sealed class Fixed : ILabeller
    {
        private int _calls;

        public int AwayFor { get; init; }

        public string Name => "fixed";

        public LabellerKind Kind => LabellerKind.Replay;

        public ValueTask<IReadOnlyList<LabelledSample>> LabelAsync(LabelRequest request, CancellationToken cancellationToken) =>
            Interlocked.Increment(ref _calls) <= AwayFor
                ? throw new DependencyUnavailableException("away", "The labeller is away.")
                : ValueTask.FromResult<IReadOnlyList<LabelledSample>>([SampleStoreConformance.Sample(request.Id, Kind, Name)]);
    }
}
