namespace Streaming.Server.Analysis;

/// <summary>A text to analyse without keeping it.</summary>
public sealed record AnalyzeRequest
{
    /// <summary>The text.</summary>
    public required string Text { get; init; }

    /// <summary>BCP 47 tag, when known.</summary>
    public string? Language { get; init; }
}
