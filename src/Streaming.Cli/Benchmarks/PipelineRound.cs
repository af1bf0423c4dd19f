using Streaming.Core.Sinks;

namespace Streaming.Cli.Benchmarks;

/// <summary>One run of a pipeline from the first message to the last commit.</summary>
internal sealed record PipelineRound
{
    /// <summary>Duration.</summary>
    public required double Seconds { get; init; }

    /// <summary>Processor time of the whole process: a busy machine spoils it less.</summary>
    public required double CpuSeconds { get; init; }

    /// <summary>How messages ended.</summary>
    public required OutcomeCounts Outcomes { get; init; }

    /// <summary>Encoder passes.</summary>
    public required long Batches { get; init; }

    /// <summary>Tokens through the encoder, special ones included, padding left out.</summary>
    public required long Tokens { get; init; }

    /// <summary>Computed token places.</summary>
    public required long PaddedTokens { get; init; }

    /// <summary>Managed memory allocated meanwhile.</summary>
    public required long AllocatedBytes { get; init; }

    /// <summary>Time in which the collector held everything up.</summary>
    public required double PauseSeconds { get; init; }

    /// <summary>One encoder pass, on average; 0 without an encoder.</summary>
    public required double InferenceSeconds { get; init; }

    /// <summary>Entities and aspects found: proof that the heads worked.</summary>
    public required long Spans { get; init; }

    /// <summary>Messages that ended.</summary>
    public long Documents => Outcomes.Indexed + Outcomes.DeadLettered + Outcomes.Filtered + Outcomes.Deleted;

    /// <summary>Processor time a message, in microseconds.</summary>
    public double MicrosecondsPerDocument => CpuSeconds * 1e6 / Math.Max(1, Documents);

    /// <summary>Documents over seconds.</summary>
    public double DocumentsPerSecond => Documents / Math.Max(Seconds, 1e-9);

    /// <summary>Tokens over seconds.</summary>
    public double TokensPerSecond => Tokens / Math.Max(Seconds, 1e-9);
}
