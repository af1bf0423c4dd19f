using Streaming.Adapters.Onnx.Benchmarks;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;

namespace Streaming.Cli.Benchmarks;

/// <summary>Rounds of the pipeline, in turns with what it is compared with, so that a busy moment hits all alike.</summary>
internal sealed record PipelineComparison
{
    public required string File { get; init; }

    /// <summary>Messages of a round; null: all that the file has.</summary>
    public required long? Documents { get; init; }

    public required int Rounds { get; init; }

    public required int Threads { get; init; }

    /// <summary>Opens ONNX Runtime alone; null: not compared with it.</summary>
    public required Func<BenchmarkedEncoder>? Encoder { get; init; }

    public required bool WithOneHead { get; init; }

    public required bool WithShadow { get; init; }

    public required bool WithKcat { get; init; }

    /// <summary>Measures.</summary>
    /// <exception cref="StreamingException"><c>input_empty</c>.</exception>
    public async Task<PipelineComparisonResult> RunAsync(
        PipelineBenchmark benchmark, IBenchSource source, BenchSink sink, TimeProvider time, ProgressLine progress, CancellationToken cancellationToken)
    {
        var label = Documents is { } documents ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"measuring {documents:N0}") : "measuring";
        progress.Report(label, 0, Rounds, "preparing");
        var limit = await source.PrepareAsync(Documents, cancellationToken);
        var rounds = new List<PipelineRound>();
        var ones = new List<PipelineRound>();
        var shadowed = new List<PipelineRound>();
        var alone = new List<ReferenceRound>();
        var kcat = new List<double>();

        // The pipeline's memory is what it needs by itself: the comparison's batches come after the first round.
        LoadGarbage.Collect();
        PeakMemory.Reset();
        rounds.Add(await Round(PipelineVariant.All));
        if (rounds[0].Documents == 0)
            throw new StreamingException("input_empty", $"'{Path.GetFileName(File)}' has no line");
        var peak = PeakMemory.Bytes();
        IReadOnlyList<int[][]> batches = Encoder is null ? [] : await RecordAsync();
        using var reference = Encoder is null ? null : new EncoderReference(Encoder());
        reference?.Run(batches, Threads, time);
        if (WithOneHead)
            await Round(PipelineVariant.FirstHead);
        if (WithShadow)
            await Round(PipelineVariant.Shadowed);
        for (var round = 0; round < Rounds; round++)
        {
            progress.Report(label, round, Rounds);
            cancellationToken.ThrowIfCancellationRequested();
            if (round > 0)
                rounds.Add(await Round(PipelineVariant.All));
            if (WithOneHead)
                ones.Add(await Round(PipelineVariant.FirstHead));
            if (WithShadow)
                shadowed.Add(await Round(PipelineVariant.Shadowed));
            if (reference is not null)
                alone.Add(ReferenceRound.Of(reference.Run(batches, Threads, time), batches));
            if (WithKcat && source is KafkaBenchSource kafka)
                kcat.Add(await Kcat.ReadAsync(kafka.Bootstrap, kafka.Topic, time, cancellationToken));
        }

        return new PipelineComparisonResult(rounds, ones, shadowed, alone, kcat, peak);

        async Task<PipelineRound> Round(PipelineVariant variant) => await benchmark.RunAsync(
            source.Open(), limit, await sink.OpenAsync(cancellationToken), sink.Delivery, variant, cancellationToken);

        // The very batches that the engine makes of these messages; the round that writes them down is not measured.
        async Task<List<int[][]>> RecordAsync()
        {
            benchmark.StartRecording();
            await Round(PipelineVariant.All);
            return benchmark.StopRecording();
        }
    }
}

/// <summary>Every round measured; peak memory is that of the first round of the pipeline.</summary>
internal sealed record PipelineComparisonResult(
    IReadOnlyList<PipelineRound> Rounds, IReadOnlyList<PipelineRound> OneHead, IReadOnlyList<PipelineRound> Shadowed, IReadOnlyList<ReferenceRound> Reference, IReadOnlyList<double> KcatSeconds, long PeakMemoryBytes)
{
    /// <summary>The fastest round.</summary>
    public PipelineRound Best => Rounds.MinBy(static round => round.Seconds)!;

    /// <summary>The fastest round with one head.</summary>
    public PipelineRound? BestOneHead => OneHead.MinBy(static round => round.Seconds);

    /// <summary>The fastest round with a candidate in the shadow.</summary>
    public PipelineRound? BestShadowed => Shadowed.MinBy(static round => round.Seconds);

    /// <summary>Processor time with a candidate in the shadow over that without, thriftiest rounds.</summary>
    public double? ShadowCpuRatio => Shadowed.Count == 0 ? null : Shadowed.Min(static round => round.CpuSeconds) / Rounds.Min(static round => round.CpuSeconds);

    /// <summary>The fastest round of ONNX Runtime alone.</summary>
    public ReferenceRound? BestReference => Reference.MinBy(static round => round.Seconds);

    /// <summary>Processor time a message in the thriftiest round, in microseconds.</summary>
    public double MicrosecondsPerDocument => Rounds.Min(static round => round.MicrosecondsPerDocument);

    /// <summary>
    /// Messages a second that kcat reads from the same topic, its median round; null when it was not asked. Not the fastest: what its
    /// start takes is measured apart and taken off, and a slow start would pass for a fast reader.
    /// </summary>
    public double? KcatPerSecond => KcatSeconds.Count == 0 ? null : Best.Documents / Median(KcatSeconds);

    /// <summary>
    /// Tokens a second, pipeline over ONNX Runtime alone, each round against the one that ran beside it; the median of these.
    /// The fastest round of each is a matter of luck on a busy machine, this is not.
    /// </summary>
    public double? PairedRatio
    {
        get
        {
            double[] ratios = [.. Rounds.Zip(Reference, static (pipeline, alone) => pipeline.TokensPerSecond / alone.TokensPerSecond)];
            return ratios.Length == 0 ? null : Median(ratios);
        }
    }

    /// <summary>Tokens a processor second, pipeline over ONNX Runtime alone, thriftiest rounds: hardly moved by other work on the machine.</summary>
    public double? CpuRatio => Reference.Count == 0 ? null
        : Rounds.Max(static round => round.Tokens / round.CpuSeconds) / Reference.Max(static round => round.Tokens / round.CpuSeconds);

    private static double Median(IReadOnlyList<double> values)
    {
        double[] ascending = [.. values.Order()];
        return (ascending[(ascending.Length - 1) / 2] + ascending[ascending.Length / 2]) / 2;
    }
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
