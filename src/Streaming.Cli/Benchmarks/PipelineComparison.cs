using Streaming.Adapters.Onnx.Benchmarks;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;

namespace Streaming.Cli.Benchmarks;

/// <summary>Rounds of the pipeline, in turns with what it is compared with, so that a busy moment hits all alike.</summary>
internal sealed record PipelineComparison
{
    public required string File { get; init; }

    public required int Repeat { get; init; }

    public required int Rounds { get; init; }

    public required int Threads { get; init; }

    public required int TokenBudget { get; init; }

    public required bool WithReference { get; init; }

    public required bool WithOneHead { get; init; }

    public required int WarmUp { get; init; }

    /// <summary>Measures.</summary>
    /// <exception cref="StreamingException"><c>input_empty</c>.</exception>
    public async Task<PipelineComparisonResult> RunAsync(
        PipelineBenchmark benchmark, Func<BenchmarkedEncoder> encoder, TimeProvider time, ProgressLine progress, CancellationToken cancellationToken)
    {
        progress.Report("warm-up", 0, 0);
        var warm = await benchmark.RunAsync(File, Repeat, WarmUp, onlyFirstHead: false, cancellationToken);
        if (warm.Documents == 0)
            throw new StreamingException("input_empty", $"'{Path.GetFileName(File)}' has no line");
        var rounds = new List<PipelineRound>();
        var ones = new List<PipelineRound>();
        var alone = new List<ReferenceRound>();

        // The pipeline's memory is what it needs by itself: the comparison's batches come after the first round.
        rounds.Add(await Round(onlyFirstHead: false));
        var peak = PeakMemory.Bytes();
        var batches = WithReference ? EncoderBenchmark.Batches(benchmark.Sequences(BenchInput.Texts(File)), TokenBudget) : [];
        using var reference = WithReference ? new EncoderReference(encoder()) : null;
        reference?.Run(batches, Threads, time);
        if (WithOneHead)
            await benchmark.RunAsync(File, Repeat, WarmUp, onlyFirstHead: true, cancellationToken);
        for (var round = 0; round < Rounds; round++)
        {
            progress.Report("measuring", round, Rounds);
            cancellationToken.ThrowIfCancellationRequested();
            if (round > 0)
                rounds.Add(await Round(onlyFirstHead: false));
            if (WithOneHead)
                ones.Add(await Round(onlyFirstHead: true));
            if (reference is not null)
                alone.Add(ReferenceRound.Of(reference.Run(batches, Threads, time), batches));
        }

        return new PipelineComparisonResult(rounds, ones, alone, peak);

        Task<PipelineRound> Round(bool onlyFirstHead) => benchmark.RunAsync(File, Repeat, long.MaxValue, onlyFirstHead, cancellationToken);
    }
}

/// <summary>Every round measured; peak memory is that of the first round of the pipeline.</summary>
internal sealed record PipelineComparisonResult(
    IReadOnlyList<PipelineRound> Rounds, IReadOnlyList<PipelineRound> OneHead, IReadOnlyList<ReferenceRound> Reference, long PeakMemoryBytes)
{
    /// <summary>The fastest round.</summary>
    public PipelineRound Best => Rounds.MinBy(static round => round.Seconds)!;

    /// <summary>The fastest round with one head.</summary>
    public PipelineRound? BestOneHead => OneHead.MinBy(static round => round.Seconds);

    /// <summary>The fastest round of ONNX Runtime alone.</summary>
    public ReferenceRound? BestReference => Reference.MinBy(static round => round.Seconds);

    /// <summary>
    /// Tokens a second, pipeline over ONNX Runtime alone, each round against the one that ran beside it; the median of these.
    /// The fastest round of each is a matter of luck on a busy machine, this is not.
    /// </summary>
    public double? PairedRatio
    {
        get
        {
            double[] ratios = [.. Rounds.Zip(Reference, static (pipeline, alone) => pipeline.TokensPerSecond / alone.TokensPerSecond).Order()];
            return ratios.Length == 0 ? null : (ratios[(ratios.Length - 1) / 2] + ratios[ratios.Length / 2]) / 2;
        }
    }

    /// <summary>Tokens a processor second, pipeline over ONNX Runtime alone, thriftiest rounds: hardly moved by other work on the machine.</summary>
    public double? CpuRatio => Reference.Count == 0 ? null
        : Rounds.Max(static round => round.Tokens / round.CpuSeconds) / Reference.Max(static round => round.Tokens / round.CpuSeconds);
}

/// <summary>One run of ONNX Runtime alone.</summary>
internal sealed record ReferenceRound(double Seconds, double CpuSeconds, long Tokens, long PaddedTokens, int Batches)
{
    /// <summary>Tokens over seconds.</summary>
    public double TokensPerSecond => Tokens / Math.Max(Seconds, 1e-9);

    /// <summary>What a run over these batches was.</summary>
    public static ReferenceRound Of((double Seconds, double CpuSeconds) took, IReadOnlyList<int[][]> batches) => new(
        took.Seconds,
        took.CpuSeconds,
        batches.Sum(static batch => batch.Sum(static sequence => (long)sequence.Length)),
        batches.Sum(static batch => (long)batch.Length * batch[^1].Length),
        batches.Count);
}
