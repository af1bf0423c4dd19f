namespace Streaming.Core.Models.Bundle;

/// <summary><c>manifest.json</c> of a model bundle: what the model is, what it was made from, and the digest of every file.</summary>
public sealed record ModelManifest
{
    /// <summary>The format this code writes and reads.</summary>
    public const int CurrentFormatVersion = 1;

    /// <summary>Format of the bundle.</summary>
    public int FormatVersion { get; init; } = CurrentFormatVersion;

    /// <summary>Name: lower-case letters, digits, dot, dash, underscore; at most 64.</summary>
    public required string Name { get; init; }

    /// <summary>Version, the same characters as a name; at most 64.</summary>
    public required string Version { get; init; }

    /// <summary><c>name@version</c> of the bundle it was made from; null for an imported one.</summary>
    public string? Parent { get; init; }

    /// <summary>The encoder.</summary>
    public required EncoderManifest Encoder { get; init; }

    /// <summary>The tokeniser.</summary>
    public required TokenizerManifest Tokenizer { get; init; }

    /// <summary>The heads; none in a bundle that was only imported.</summary>
    public IReadOnlyList<HeadManifest> Heads { get; init; } = [];

    /// <summary>Every file of the bundle but the manifest: path with forward slashes → digest and size.</summary>
    public IReadOnlyDictionary<string, FileManifest> Files { get; init; } = new Dictionary<string, FileManifest>();

    /// <summary>How the heads came to be; null when there are none.</summary>
    public TrainingManifest? Training { get; init; }

    /// <summary>SPDX expression of the whole bundle.</summary>
    public required string Licence { get; init; }

    /// <summary>Who must be named, one sentence each.</summary>
    public IReadOnlyList<string> Attribution { get; init; } = [];
}

/// <summary>The encoder of a bundle.</summary>
public sealed record EncoderManifest
{
    /// <summary>Path of the ONNX graph.</summary>
    public required string File { get; init; }

    /// <summary>Model family, e.g. <c>bert</c>.</summary>
    public required string Family { get; init; }

    /// <summary><c>fp32</c>, <c>fp16</c>, <c>int8</c> or <c>int8-dynamic</c>.</summary>
    public required string Precision { get; init; }

    /// <summary>Width of a hidden state.</summary>
    public required int Dimensions { get; init; }

    /// <summary>Layers that the graph gives out, ascending; 0 is the embeddings.</summary>
    public required IReadOnlyList<int> Layers { get; init; }

    /// <summary>Longest sequence in tokens, special tokens included.</summary>
    public required int MaxSequenceLength { get; init; }

    /// <summary>SHA-256 of the graph, lower-case hexadecimal; equal to its entry in <see cref="ModelManifest.Files"/>.</summary>
    public string Sha256 { get; init; } = "";
}

/// <summary>The tokeniser of a bundle.</summary>
public sealed record TokenizerManifest
{
    /// <summary>Algorithm, e.g. <c>wordpiece</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Paths of its files, e.g. <c>vocab.txt</c>.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Whether text is lower-cased.</summary>
    public bool LowerCase { get; init; }

    /// <summary>Whether accents are stripped; null: as <see cref="LowerCase"/>.</summary>
    public bool? StripAccents { get; init; }
}

/// <summary>A file's digest and size.</summary>
/// <param name="Sha256">Lower-case hexadecimal.</param>
/// <param name="Size">Bytes.</param>
public sealed record FileManifest(string Sha256, long Size);
