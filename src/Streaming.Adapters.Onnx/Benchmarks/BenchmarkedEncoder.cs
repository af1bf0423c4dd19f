using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Import;
using Streaming.Adapters.Onnx.Running;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Encoders;
using Streaming.Text.Tokenization;

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

    /// <summary>A bundle's encoder, verified.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="layers">Layers to read; null: those its heads read, or the last one when it has none.</param>
    public static BenchmarkedEncoder FromBundle(ModelBundle bundle, IReadOnlyList<int>? layers = null)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        var encoder = bundle.Manifest.Encoder;
        int[] read = [.. bundle.Manifest.Heads.SelectMany(static head => head.Layers).Distinct().Order()];
        return new BenchmarkedEncoder
        {
            Name = encoder.Precision,
            Model = bundle.Read(encoder.File),
            Dimensions = encoder.Dimensions,
            Layers = layers ?? (read.Length > 0 ? read : [encoder.Layers[^1]]),
            SinglePrecision = encoder.Precision == "fp32",
        };
    }

    /// <summary>
    /// The same checkpoint in every form: <c>fp32</c> and <c>int8</c> as this product writes them, <c>fp32-stock</c> and
    /// <c>int8-dynamic</c> as stock exporters write them, in sessions with ONNX Runtime's own fusions.
    /// </summary>
    /// <param name="directory">Hugging Face folder, as for an import.</param>
    /// <param name="tokenizer">Its tokeniser, for calibration.</param>
    /// <param name="layers">Layers to read; null: the last one.</param>
    /// <param name="cancellationToken">Observed between texts.</param>
    public static IReadOnlyList<BenchmarkedEncoder> FromCheckpoint(string directory, ITokenizer tokenizer, IReadOnlyList<int>? layers, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(tokenizer);
        var checkpoint = new CheckpointFolder(directory).OpenEncoder(out var weights);
        using var open = weights;
        var config = checkpoint.Config;
        var given = layers ?? [config.Layers];
        var ranges = ActivationCalibrator.Measure(
            checkpoint, CalibrationTexts.Encode(CalibrationTexts.Shipped(), tokenizer, Math.Min(config.MaxSequence, 256)), null, cancellationToken);
        return
        [
            Write("fp32", new BertGraphOptions(), stock: false),
            Write("fp32-stock", new BertGraphOptions { StockNormalization = true }, stock: true),
            Write("int8", new BertGraphOptions { Precision = EncoderPrecision.Int8, Ranges = ranges }, stock: false),
            Write("int8-dynamic", new BertGraphOptions { Precision = EncoderPrecision.Int8Dynamic }, stock: true),
        ];

        BenchmarkedEncoder Write(string name, BertGraphOptions options, bool stock) => new()
        {
            Name = name,
            Model = BertGraph.Write(checkpoint, options with { Layers = given }),
            Dimensions = config.Hidden,
            Layers = given,
            SinglePrecision = options.Precision == EncoderPrecision.Fp32,
            Session = new OnnxRunnerOptions { Device = "cpu", StockFusions = stock },
        };
    }
}
