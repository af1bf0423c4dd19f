namespace Streaming.Text.Analysis;

/// <summary>How a model's findings are reported.</summary>
public sealed record EnrichmentModelOptions
{
    /// <summary>How long texts are cut.</summary>
    public WindowOptions Windows { get; init; } = new();

    /// <summary>Topics below this confidence are left out, the best one excepted; a label's own threshold in the manifest wins. 0–1, default 0.1.</summary>
    public double MinTopicConfidence { get; init; } = 0.1;
}
