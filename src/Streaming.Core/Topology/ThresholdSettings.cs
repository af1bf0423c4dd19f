namespace Streaming.Core.Topology;

/// <summary>A calibrated confidence per task, 0–1. Null leaves it to the model bundle.</summary>
public sealed record ThresholdSettings
{
    /// <summary>For named entities.</summary>
    public double? Entities { get; init; }

    /// <summary>For topics.</summary>
    public double? Topics { get; init; }

    /// <summary>For sentiment.</summary>
    public double? Sentiment { get; init; }

    /// <summary>For aspects.</summary>
    public double? Aspects { get; init; }
}
