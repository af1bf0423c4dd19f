using Streaming.Adapters.Onnx.Running;
using Streaming.Cli.Composition;
using Streaming.Core.Engine;
using Streaming.Core.Messaging;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models;
using Streaming.Core.Sinks;
using Streaming.Core;
using Streaming.Text.Analysis;
using Streaming.Text.Heads;
using Streaming.Text.Tokenization;

namespace Streaming.Cli.Benchmarks;

/// <summary>The real engine with a model, from any source to any sink.</summary>
internal sealed class PipelineBenchmark : IAsyncDisposable
{
    private readonly OnnxModelRunner? _runner;
    private readonly CountingRunner? _counting;
    private readonly IEnrichmentModel _all;
    private readonly EnrichmentModel? _one;
    private readonly TimeProvider _time;

    private PipelineBenchmark(OnnxModelRunner? runner, CountingRunner? counting, IEnrichmentModel all, EnrichmentModel? one, BatchingOptions batching, TimeProvider time) =>
        (_runner, _counting, _all, _one, Batching, _time) = (runner, counting, all, one, batching, time);

    /// <summary>Names of the heads in use.</summary>
    public IReadOnlyList<string> Heads => _all is EnrichmentModel model ? [.. model.Heads.Select(static head => head.Manifest.Name)] : [];

    /// <summary>Encoder layers in use.</summary>
    public IReadOnlyList<int> Layers => _all.Runner.Info.Layers;

    /// <summary>Where the encoder runs.</summary>
    public string Device => _all.Runner.Info.Device;

    /// <summary>Model, version and precision.</summary>
    public required string Model { get; init; }

    /// <summary>Precision of the encoder.</summary>
    public required string Precision { get; init; }

    /// <summary>Grouping.</summary>
    public BatchingOptions Batching { get; }

    /// <summary>Name of the engine, as <c>--engine</c> takes it; null: the default.</summary>
    public string? Engine { get; init; }

    /// <summary>Opens the encoder and heads.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="heads">Names of heads; null: all.</param>
    /// <param name="threads">Encoder passes in flight, one thread each.</param>
    /// <param name="batching">Grouping.</param>
    /// <param name="withOne">Whether <see cref="RunAsync"/> can also be asked for the first head alone.</param>
    /// <param name="engine">Name of the engine.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StreamingException"><c>head_not_found</c>.</exception>
    public static PipelineBenchmark Open(ModelBundle bundle, IReadOnlyList<string>? heads, int threads, BatchingOptions batching, bool withOne, string? engine, TimeProvider time)
    {
        var known = bundle.Manifest.Heads.Select(static head => head.Name).ToList();
        if (heads is not null && (heads.Count == 0 || heads.Except(known).Any()))
            throw new StreamingException("head_not_found", $"the bundle has no head '{string.Join(", ", heads.Except(known))}'; it has {string.Join(", ", known)}");
        var chosen = bundle.Manifest.Heads.Where(head => heads is null || heads.Contains(head.Name)).ToList();
        var runner = OnnxModelRunner.Open(bundle, new OnnxRunnerOptions
        {
            MaxConcurrent = threads,
            Layers = chosen.Count == 0 ? null : [.. chosen.SelectMany(static head => head.Layers).Distinct().Order()],
        });
        var counting = new CountingRunner(runner, time);
        var tokenizer = TokenizerLoader.Load(bundle);
        var loaded = chosen.ConvertAll(head => Head.Load(bundle, head, runner.Info));
        LoadGarbage.Collect();
        return new PipelineBenchmark(
            runner, counting,
            new EnrichmentModel(bundle.Identity, tokenizer, counting, loaded),
            withOne ? new EnrichmentModel(bundle.Identity, tokenizer, counting, [.. loaded.Take(1)]) : null,
            batching with { MaxConcurrentBatches = threads }, time)
        {
            Model = $"{bundle.Manifest.Name}@{bundle.Manifest.Version}",
            Precision = bundle.Manifest.Encoder.Precision,
            Engine = engine,
        };
    }

    /// <summary>With a model that computes nothing: what is left is the pipeline, its source and its sink.</summary>
    public static PipelineBenchmark OpenNull(int threads, BatchingOptions batching, string? engine, TimeProvider time) =>
        new(null, null, new NullEnrichmentModel(), null, batching with { MaxConcurrentBatches = threads }, time) { Model = "null", Precision = "none", Engine = engine };

    /// <summary>Runs a source's messages through, once.</summary>
    /// <param name="source">Disposed in the end.</param>
    /// <param name="limit">Most messages.</param>
    /// <param name="sink">Disposed in the end.</param>
    /// <param name="delivery">How results are written.</param>
    /// <param name="variant">What the model is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<PipelineRound> RunAsync(
        IMessageSource source, long limit, IDocumentSink sink, DeliveryOptions delivery, PipelineVariant variant, CancellationToken cancellationToken)
    {
        await using var measured = new MeasuredSource(source, limit, _time);
        await using var owned = sink;
        await using var letters = new DiscardingSink();
        var progress = new PipelineProgress();
        var pipeline = new Pipeline
        {
            Topology = "bench",
            Source = measured,
            Sink = sink,
            DeadLetters = letters,
            Models = variant switch
            {
                PipelineVariant.FirstHead => new FixedModelSource(_one ?? throw new InvalidOperationException("this is a bug: no model with one head")),
                PipelineVariant.Shadowed => new ShadowedModelSource(_all, _time),
                _ => new FixedModelSource(_all),
            },
            Batching = Batching,
            Delivery = delivery,
            Progress = progress,
            Time = _time,
        };
        var (batches, padded, inferring) = (_counting?.Batches ?? 0, _counting?.PaddedTokens ?? 0, _counting?.Took ?? TimeSpan.Zero);
        var (allocated, paused) = (GC.GetTotalAllocatedBytes(), GC.GetTotalPauseDuration());
        await Engines.Create(Engine).RunAsync(pipeline, CancellationToken.None, cancellationToken);
        var (seconds, cpu) = measured.FirstAt == 0
            ? (0, TimeSpan.Zero)
            : (_time.GetElapsedTime(measured.FirstAt).TotalSeconds, Environment.CpuUsage.TotalTime - measured.CpuAtFirst);
        var snapshot = progress.Snapshot();
        var ran = (_counting?.Batches ?? 0) - batches;
        return new PipelineRound
        {
            Seconds = seconds,
            CpuSeconds = cpu.TotalSeconds,
            Outcomes = snapshot.Outcomes,
            Batches = ran,
            Tokens = snapshot.Tokens,
            PaddedTokens = (_counting?.PaddedTokens ?? 0) - padded,
            AllocatedBytes = GC.GetTotalAllocatedBytes() - allocated,
            PauseSeconds = (GC.GetTotalPauseDuration() - paused).TotalSeconds,
            InferenceSeconds = ran == 0 ? 0 : ((_counting?.Took ?? TimeSpan.Zero) - inferring).TotalSeconds / ran,
            Spans = snapshot.Entities + snapshot.Aspects,
        };
    }

    /// <summary>Writes down the batches of what runs until <see cref="StopRecording"/>.</summary>
    public void StartRecording() => Counting.StartRecording();

    /// <summary>Batches of token ids, as the engine made them.</summary>
    public List<int[][]> StopRecording() => Counting.StopRecording();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _runner?.DisposeAsync() ?? default;

    private CountingRunner Counting => _counting ?? throw new InvalidOperationException("this is a bug: the null model runs no batches");
}
