namespace Streaming.Adapters.Onnx.Benchmarks;

/// <summary>What one encoder reached on ONNX Runtime alone.</summary>
public sealed record EncoderBenchmarkResult
{
    /// <summary>Which encoder, e.g. its precision.</summary>
    public required string Encoder { get; init; }

    /// <summary>Sequences.</summary>
    public required int Documents { get; init; }

    /// <summary>Tokens, special ones included, padding left out.</summary>
    public required long Tokens { get; init; }

    /// <summary>Computed token places.</summary>
    public required long PaddedTokens { get; init; }

    /// <summary>Passes.</summary>
    public required int Batches { get; init; }

    /// <summary>Threads, one pass each.</summary>
    public required int Threads { get; init; }

    /// <summary>Fastest round.</summary>
    public required double Seconds { get; init; }

    /// <summary>Processor time of the thriftiest round, whole process: a busy machine spoils it less than <see cref="Seconds"/>.</summary>
    public required double CpuSeconds { get; init; }

    /// <summary>Tokens over seconds.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>Most physical memory the process has had, whole process.</summary>
    public required long PeakMemoryBytes { get; init; }
}
