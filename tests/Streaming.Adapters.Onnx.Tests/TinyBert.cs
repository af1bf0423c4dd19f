using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Encoders;

namespace Streaming.Adapters.Onnx.Tests;

/// <summary>The tiny encoder that is a BERT.</summary>
internal sealed class TinyBert(string prefix = "", bool oldNormNames = false, string activation = "gelu") : TinyEncoder("bert", prefix, oldNormNames, activation)
{
    public static EncoderManifest Manifest(string precision = "fp32", params int[] layers)
    {
        var manifest = new TinyBert().ManifestOf(precision);
        return layers.Length > 0 ? manifest with { Layers = layers } : manifest;
    }
}
