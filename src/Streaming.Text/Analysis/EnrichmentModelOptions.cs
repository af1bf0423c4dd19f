using Streaming.Core.Topology;

namespace Streaming.Text.Analysis;

/// <summary>How a model's findings are reported.</summary>
public sealed record EnrichmentModelOptions
{
    /// <summary>How long texts are cut.</summary>
    public WindowOptions Windows { get; init; } = new();

    /// <summary>Topics below this confidence are left out, the best one excepted; a label's own threshold in the manifest wins. 0–1, default 0.1.</summary>
    public double MinTopicConfidence { get; init; } = 0.1;

    /// <summary>Annotations below these confidences are left out, the best topic too. Null leaves it to the above and to the bundle.</summary>
    public ThresholdSettings Thresholds { get; init; } = new();

    /// <summary>Whether annotations say how unsure the model was of each task: a forward–backward pass more a sentence. Default false.</summary>
    public bool MeasureUncertainty { get; init; }
}
