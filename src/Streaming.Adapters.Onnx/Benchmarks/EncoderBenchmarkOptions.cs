using Streaming.Core.Engine;

namespace Streaming.Adapters.Onnx.Benchmarks;

/// <summary>How encoders are measured.</summary>
public sealed record EncoderBenchmarkOptions
{
    /// <summary>Passes at once, one thread each; at least 1.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Most padded tokens of a batch; a longer text is a batch of its own. Default: the pipeline's.</summary>
    public int TokenBudget { get; init; } = new BatchingOptions().MaxBatchTokens;

    /// <summary>Rounds over all texts; the encoders take turns, the fastest round of each counts.</summary>
    public int Rounds { get; init; } = 3;
}
