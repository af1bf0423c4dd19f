using Streaming.Adapters.Onnx.Benchmarks;
using Streaming.Adapters.Onnx.Running;
using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;

namespace Streaming.Adapters.Onnx.Import;

/// <summary>An encoder's graph in one of the forms it can be served in.</summary>
/// <param name="Name">One of <see cref="EncoderForms.Names"/>.</param>
/// <param name="Manifest">How a bundle describes it.</param>
/// <param name="Graph">The ONNX graph.</param>
public sealed record EncoderForm(string Name, EncoderManifest Manifest, byte[] Graph)
{
    /// <summary>The form as the benchmark takes it.</summary>
    /// <param name="layers">Layers to read.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="threads">Threads inside a pass.</param>
    public BenchmarkedEncoder ToBenchmark(IReadOnlyList<int> layers, string device, int threads) => new()
    {
        Name = Name,
        Model = Graph,
        Dimensions = Manifest.Dimensions,
        Layers = layers,
        SinglePrecision = Manifest.Precision is "fp32" or "fp16",
        Session = new OnnxRunnerOptions { Device = device, IntraOpThreads = threads },
    };

    /// <summary>How alike two forms are: the mean cosine of their hidden states, token by token, −1 to 1.</summary>
    /// <param name="other">The other form; as wide, and giving out the same layers.</param>
    /// <param name="layers">Layers to compare, concatenated.</param>
    /// <param name="sequences">Token ids, special tokens included.</param>
    /// <param name="cancellationToken">Observed between sequences.</param>
    /// <exception cref="StreamingException"><c>checkpoint_mismatch</c>: they are not of the same shape.</exception>
    public async Task<double> LikenessAsync(EncoderForm other, IReadOnlyList<int> layers, IReadOnlyList<int[]> sequences, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(other);
        ArgumentNullException.ThrowIfNull(layers);
        ArgumentNullException.ThrowIfNull(sequences);
        if (other.Manifest.Dimensions != Manifest.Dimensions)
            throw new StreamingException("checkpoint_mismatch", $"The checkpoint's hidden states have {Manifest.Dimensions} channels, the bundle's {other.Manifest.Dimensions}: they do not belong together. Name the checkpoint that the bundle was made of.");
        var options = new OnnxRunnerOptions { Device = "cpu", Layers = layers };
        await using var left = OnnxModelRunner.Open(Graph, Manifest, options);
        await using var right = OnnxModelRunner.Open(other.Graph, other.Manifest, options);
        double total = 0;
        long tokens = 0;
        foreach (var ids in sequences)
        {
            using var ours = await left.RunAsync([new TokenSequence(ids)], cancellationToken).ConfigureAwait(false);
            using var theirs = await right.RunAsync([new TokenSequence(ids)], cancellationToken).ConfigureAwait(false);
            for (var layer = 0; layer < layers.Count; layer++)
                total += Cosines(ours.Hidden(layer, 0), theirs.Hidden(layer, 0), Manifest.Dimensions);
            tokens += (long)ids.Length * layers.Count;
        }
        return tokens == 0 ? 1 : total / tokens;
    }

    private static double Cosines(ReadOnlySpan<float> left, ReadOnlySpan<float> right, int width)
    {
        double total = 0;
        for (var at = 0; at < left.Length; at += width)
            total += System.Numerics.Tensors.TensorPrimitives.CosineSimilarity(left.Slice(at, width), right.Slice(at, width));
        return total;
    }
}
