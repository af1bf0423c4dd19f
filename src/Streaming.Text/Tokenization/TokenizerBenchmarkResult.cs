namespace Streaming.Text.Tokenization;

/// <summary>What a tokeniser did in the fastest of several rounds over the same texts, on one thread.</summary>
public sealed record TokenizerBenchmarkResult
{
    /// <summary>Number of texts.</summary>
    public required int Documents { get; init; }

    /// <summary>Tokens, framing tokens not counted.</summary>
    public required long Tokens { get; init; }

    /// <summary>UTF-16 units.</summary>
    public required long Characters { get; init; }

    /// <summary>Bytes of the texts as UTF-8.</summary>
    public required long Bytes { get; init; }

    /// <summary>Duration of the fastest round.</summary>
    public required double Seconds { get; init; }

    /// <summary>Tokens divided by seconds.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>UTF-8 megabytes (10^6) divided by seconds.</summary>
    public required double MegabytesPerSecond { get; init; }
}
