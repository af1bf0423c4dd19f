using Streaming.Core.Models.Bundle;

namespace Streaming.Core.Tests.Models.Registry;

/// <summary>A bundle of a few bytes, called <c>tiny</c>.</summary>
internal static class TinyBundle
{
    public static ModelBundle Write(string folder, string version)
    {
        using var writer = new ModelBundleWriter(folder);
        writer.Add("encoder.onnx", "onnx bytes"u8);
        writer.Add("vocab.txt", "vocab"u8);
        return writer.Complete(new ModelManifest
        {
            Name = "tiny",
            Version = version,
            Encoder = new EncoderManifest { File = "encoder.onnx", Family = "bert", Precision = "int8", Dimensions = 4, Layers = [0, 2], MaxSequenceLength = 16 },
            Tokenizer = new TokenizerManifest { Kind = "wordpiece", Files = ["vocab.txt"] },
            Licence = "MIT",
        });
    }
}
