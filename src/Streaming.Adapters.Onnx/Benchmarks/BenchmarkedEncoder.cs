using Streaming.Adapters.Onnx.Running;

namespace Streaming.Adapters.Onnx.Benchmarks;

/// <summary>An encoder to measure.</summary>
public sealed record BenchmarkedEncoder
{
    /// <summary>What it is called in the results.</summary>
    public required string Name { get; init; }

    /// <summary>Its ONNX graph.</summary>
    public required byte[] Model { get; init; }

    /// <summary>Width of a hidden state.</summary>
    public required int Dimensions { get; init; }

    /// <summary>Layers to read.</summary>
    public required IReadOnlyList<int> Layers { get; init; }

    /// <summary>Whether it computes in single precision.</summary>
    public bool SinglePrecision { get; init; }

    /// <summary>How its session is opened; threads are the benchmark's.</summary>
    public OnnxRunnerOptions Session { get; init; } = new() { Device = "cpu" };
}
