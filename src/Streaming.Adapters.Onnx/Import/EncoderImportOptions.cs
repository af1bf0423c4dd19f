using Streaming.Adapters.Onnx.Bert;

namespace Streaming.Adapters.Onnx.Import;

/// <summary>What to import, and as what.</summary>
public sealed record EncoderImportOptions
{
    /// <summary>Folder with <c>config.json</c>, <c>model.safetensors</c> and <c>tokenizer.json</c> or <c>vocab.txt</c>.</summary>
    public required string Directory { get; init; }

    /// <summary>Name of the bundle.</summary>
    public required string Name { get; init; }

    /// <summary>Version of the bundle. Default <c>1</c>.</summary>
    public string Version { get; init; } = "1";

    /// <summary>Folder the bundle will be.</summary>
    public required string Output { get; init; }

    /// <summary>Whether a bundle that lies there is replaced.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Numbers the encoder computes in. Default 8-bit with constant scales.</summary>
    public EncoderPrecision Precision { get; init; } = EncoderPrecision.Int8;

    /// <summary>Layers to give out, ascending, 0 for the embeddings; null: all.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>Texts to calibrate with; null: those that come with the product.</summary>
    public IReadOnlyList<string>? CalibrationTexts { get; init; }

    /// <summary>7 for CPUs without VNNI, whose 8-bit products can overflow; otherwise 8.</summary>
    public int WeightBits { get; init; } = 8;

    /// <summary>SPDX expression; null: what the checkpoint's README says, else <c>LicenseRef-unknown</c>.</summary>
    public string? Licence { get; init; }

    /// <summary>Who must be named.</summary>
    public IReadOnlyList<string> Attribution { get; init; } = [];
}
