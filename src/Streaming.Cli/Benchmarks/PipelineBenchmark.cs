using System.Diagnostics;
using Streaming.Adapters.Onnx.Running;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Analysis;
using Streaming.Text.Heads;
using Streaming.Text.Tokenization;

namespace Streaming.Cli.Benchmarks;

/// <summary>The real engine with a real model, from a file to a sink that keeps nothing.</summary>
internal sealed class PipelineBenchmark : IAsyncDisposable
{
    private readonly OnnxModelRunner _runner;
    private readonly CountingRunner _counting;
    private readonly EnrichmentModel _all;
    private readonly EnrichmentModel? _one;
    private readonly BatchingOptions _batching;
    private readonly TimeProvider _time;

    private PipelineBenchmark(OnnxModelRunner runner, CountingRunner counting, EnrichmentModel all, EnrichmentModel? one, BatchingOptions batching, TimeProvider time) =>
        (_runner, _counting, _all, _one, _batching, _time) = (runner, counting, all, one, batching, time);

    /// <summary>Names of the heads in use.</summary>
    public IReadOnlyList<string> Heads => [.. _all.Heads.Select(static head => head.Manifest.Name)];

    /// <summary>Encoder layers in use.</summary>
    public IReadOnlyList<int> Layers => _runner.Info.Layers;

    /// <summary>Where the encoder runs.</summary>
    public string Device => _runner.Info.Device;

    /// <summary>Opens the encoder and heads.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="heads">Names of heads; null: all.</param>
    /// <param name="threads">Encoder passes in flight, one thread each.</param>
    /// <param name="batching">Grouping.</param>
    /// <param name="withOne">Whether <see cref="RunAsync"/> can also be asked for the first head alone.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StreamingException"><c>head_not_found</c>.</exception>
    public static PipelineBenchmark Open(ModelBundle bundle, IReadOnlyList<string>? heads, int threads, BatchingOptions batching, bool withOne, TimeProvider time)
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
        var counting = new CountingRunner(runner);
        var tokenizer = TokenizerLoader.Load(bundle);
        var loaded = chosen.ConvertAll(head => Head.Load(bundle, head, runner.Info));
        LoadGarbage.Collect();
        return new PipelineBenchmark(
            runner, counting,
            new EnrichmentModel(bundle.Identity, tokenizer, counting, loaded),
            withOne ? new EnrichmentModel(bundle.Identity, tokenizer, counting, [.. loaded.Take(1)]) : null,
            batching with { MaxConcurrentBatches = threads }, time);
    }

    /// <summary>Runs a file through.</summary>
    /// <param name="file">Messages, one a line.</param>
    /// <param name="repeat">How often the file is read.</param>
    /// <param name="limit">Most messages.</param>
    /// <param name="onlyFirstHead">With one head instead of all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<PipelineRound> RunAsync(string file, int repeat, long limit, bool onlyFirstHead, CancellationToken cancellationToken)
    {
        await using var source = new JsonLinesSource(file, repeat, limit);
        await using var sink = new DiscardingSink();
        var progress = new PipelineProgress();
        var pipeline = new Pipeline
        {
            Topology = "bench",
            Source = source,
            Sink = sink,
            DeadLetters = sink,
            Models = new FixedModelSource(onlyFirstHead ? _one ?? throw new InvalidOperationException("this is a bug: no model with one head") : _all),
            Batching = _batching,
            Progress = progress,
            Time = _time,
        };
        var (batches, tokens, padded) = (_counting.Batches, _counting.Tokens, _counting.PaddedTokens);
        using var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        var allocated = GC.GetTotalAllocatedBytes();
        var started = _time.GetTimestamp();
        await Engines.Create(null).RunAsync(pipeline, CancellationToken.None, cancellationToken);
        var seconds = _time.GetElapsedTime(started).TotalSeconds;
        process.Refresh();
        var snapshot = progress.Snapshot();
        return new PipelineRound
        {
            Seconds = seconds,
            CpuSeconds = (process.TotalProcessorTime - cpu).TotalSeconds,
            Outcomes = snapshot.Outcomes,
            Batches = _counting.Batches - batches,
            Tokens = _counting.Tokens - tokens,
            PaddedTokens = _counting.PaddedTokens - padded,
            AllocatedBytes = GC.GetTotalAllocatedBytes() - allocated,
            Spans = snapshot.Entities + snapshot.Aspects,
        };
    }

    /// <summary>Token ids of every window of every text, as the pipeline would encode them.</summary>
    public List<int[]> Sequences(IEnumerable<string> texts)
    {
        var sequences = new List<int[]>();
        foreach (var text in texts)
        {
            var prepared = _all.Prepare(text, words: null);
            if (!prepared.IsSuccess)
                continue;
            using var document = prepared.Value;
            foreach (var window in document.Windows)
                sequences.Add(window.Ids.ToArray());
        }

        return sequences;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _runner.DisposeAsync();
}
