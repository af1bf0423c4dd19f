using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Registry;
using Streaming.Learning.Blending;
using Streaming.Learning.Promotion;

namespace Streaming.Learning.Retraining;

/// <summary>How a topology's model learns from its labels.</summary>
public sealed record RetrainPlan
{
    /// <summary>Topology whose labels they are.</summary>
    public required string Topology { get; init; }

    /// <summary>Name of the model in the registry.</summary>
    public required string Name { get; init; }

    /// <summary>Channel that is judged against and promoted to.</summary>
    public string Channel { get; init; } = ModelChannel.Stable;

    /// <summary>Tasks that may be trained.</summary>
    public required IReadOnlyList<HeadTask> Tasks { get; init; }

    /// <summary>New labels of a task that it takes to train its head again.</summary>
    public int MinLabels { get; init; } = 500;

    /// <summary>Training.</summary>
    public BlendSettings Blend { get; init; } = new();

    /// <summary>Promotion.</summary>
    public GateSettings Gate { get; init; } = new();

    /// <summary>How what passes the gate comes into force.</summary>
    public RolloutPlan Rollout { get; init; } = new();

    /// <summary>Task → file of texts that people labelled before the stream began (JSON lines).</summary>
    public IReadOnlyDictionary<HeadTask, string> Originals { get; init; } = new Dictionary<HeadTask, string>();

    /// <summary>Task → file of the frozen test set (JSON lines). Texts in it are never trained on.</summary>
    public IReadOnlyDictionary<HeadTask, string> Tests { get; init; } = new Dictionary<HeadTask, string>();

    /// <summary>Most that one source may contribute to the labels of a task where there are several sources, as a share of all, above 0 to 1.</summary>
    public double MaxSourceShare { get; init; } = 0.5;

    /// <summary>Share of the training samples held out to calibrate, 0–0.5.</summary>
    public double CalibrationShare { get; init; } = 0.15;
}
