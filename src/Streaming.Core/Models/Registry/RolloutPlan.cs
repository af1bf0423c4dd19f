namespace Streaming.Core.Models.Registry;

/// <summary>How a model that was judged better comes into force (<c>model.rollout:</c>), and what ends its trial.</summary>
public sealed record RolloutPlan
{
    /// <summary>The stages before full promotion.</summary>
    public RolloutMode Mode { get; init; } = RolloutMode.Direct;

    /// <summary>Share of the batches of the model in force that the candidate computes too, above 0 to 1.</summary>
    public double ShadowShare { get; init; } = 0.1;

    /// <summary>Most documents a second that a process shadows, at least 1.</summary>
    public int ShadowRate { get; init; } = 100;

    /// <summary>Most time of the candidate in the shadow, as a share of the time of the model in force; above 0 to 10.</summary>
    public double MaxOverhead { get; init; } = 0.25;

    /// <summary>Documents that both must have computed before the shadow ends, at least 1.</summary>
    public int ShadowDocuments { get; init; } = 500;

    /// <summary>Share of the documents that the candidate enriches, by a hash of their ids, above 0 to 1.</summary>
    public double CanaryShare { get; init; } = 0.05;

    /// <summary>Documents that the candidate must have enriched before the canary ends, at least 1.</summary>
    public int CanaryDocuments { get; init; } = 500;

    /// <summary>Least time of a stage.</summary>
    public TimeSpan MinDuration { get; init; }

    /// <summary>Longest time of a stage; a candidate that has not got through by then is withdrawn.</summary>
    public TimeSpan MaxDuration { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Largest share of texts on which the candidate may fail, 0–1.</summary>
    public double MaxFailureRate { get; init; } = 0.01;

    /// <summary>Least mean agreement of the two in any task, on what both computed, 0–1.</summary>
    public double MinAgreement { get; init; } = 0.5;

    /// <summary>By how much the candidate's mean confidence in any task may be lower, 0–1.</summary>
    public double MaxConfidenceDrop { get; init; } = 0.1;

    /// <summary>Largest population stability index between the two distributions of labels in any task.</summary>
    public double MaxLabelShift { get; init; } = 0.25;

    /// <summary>Largest time of the candidate's pass as a multiple of that of the model in force, on the same batches; the median counts.</summary>
    public double MaxLatencyRatio { get; init; } = 1.5;

    /// <summary>The first stage; null when there is none.</summary>
    public RolloutStage? First => Mode switch { RolloutMode.Direct => null, RolloutMode.Canary => RolloutStage.Canary, _ => RolloutStage.Shadow };

    /// <summary>The stage after one; null: full promotion.</summary>
    public RolloutStage? After(RolloutStage stage) => Mode == RolloutMode.Progressive && stage == RolloutStage.Shadow ? RolloutStage.Canary : null;
}

/// <summary>Which stages there are before full promotion.</summary>
public enum RolloutMode
{
    /// <summary>None.</summary>
    Direct,

    /// <summary>The candidate computes beside the model in force; what it finds goes nowhere.</summary>
    Shadow,

    /// <summary>The candidate enriches a share of the documents.</summary>
    Canary,

    /// <summary>Shadow, then canary.</summary>
    Progressive,
}

/// <summary>A stage of a rollout.</summary>
public enum RolloutStage
{
    /// <summary>See <see cref="RolloutMode.Shadow"/>.</summary>
    Shadow,

    /// <summary>See <see cref="RolloutMode.Canary"/>.</summary>
    Canary,
}
