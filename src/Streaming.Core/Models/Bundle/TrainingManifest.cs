namespace Streaming.Core.Models.Bundle;

/// <summary>How a bundle's heads, and perhaps its encoder, came to be: enough to make them again.</summary>
public sealed record TrainingManifest
{
    /// <summary>SHA-256 of the recipe file.</summary>
    public required string Recipe { get; init; }

    /// <summary>Seed of everything random.</summary>
    public required long Seed { get; init; }

    /// <summary>How the encoder was trained, in this training or an earlier one: checkpoint, backend, length; null: it is as it was imported.</summary>
    public string? FineTuned { get; init; }

    /// <summary>What it was trained on.</summary>
    public IReadOnlyList<TrainingData> Data { get; init; } = [];
}

/// <summary>One data file.</summary>
public sealed record TrainingData
{
    /// <summary>Name of the data set.</summary>
    public required string Name { get; init; }

    /// <summary>File, relative to the data folder.</summary>
    public required string File { get; init; }

    /// <summary>SHA-256 of the file as it lies, lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Licence of the data.</summary>
    public required string Licence { get; init; }

    /// <summary>Who must be named.</summary>
    public string? Attribution { get; init; }

    /// <summary>Rows used.</summary>
    public required long Rows { get; init; }
}
