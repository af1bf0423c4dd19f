using Streaming.Contracts;
using Streaming.Core.Topology;

namespace Streaming.Learning.Selection;

/// <summary>What is chosen to be labelled, and how much.</summary>
public sealed record SelectionOptions
{
    /// <summary>Topology that asks.</summary>
    public required string Topology { get; init; }

    /// <summary>Tasks of its chain: what randomly chosen documents are labelled for.</summary>
    public required IReadOnlyList<LabelTask> Tasks { get; init; }

    /// <summary>Task → confidence (1 − measure) below which a document is a candidate; tasks that are not here are never asked for by doubt.</summary>
    public IReadOnlyDictionary<LabelTask, double> Below { get; init; } = new Dictionary<LabelTask, double>();

    /// <summary>See <see cref="LabellingSettings.TargetShare"/>.</summary>
    public double TargetShare { get; init; }

    /// <summary>What counts as unsure.</summary>
    public UncertaintyMeasure Measure { get; init; }

    /// <summary>Disagreement of two models from which on a document is a candidate, 0–1.</summary>
    public double DisagreementFrom { get; init; } = 0.5;

    /// <summary>Share of unknown words from which on <c>novel</c> is among the reasons, 0–1.</summary>
    public double NovelFrom { get; init; } = 0.5;

    /// <summary>How much novelty weighs against doubt in the priority, 0–1.</summary>
    public double NoveltyWeight { get; init; } = 0.25;

    /// <summary>See <see cref="LabellingSettings.BudgetPerHour"/>.</summary>
    public int BudgetPerHour { get; init; } = 100;

    /// <summary>See <see cref="LabellingSettings.BudgetPerDay"/>.</summary>
    public int BudgetPerDay { get; init; } = 1_000;

    /// <summary>See <see cref="LabellingSettings.BudgetPerSource"/>.</summary>
    public int BudgetPerSource { get; init; }

    /// <summary>See <see cref="LabellingSettings.ControlRate"/>.</summary>
    public double ControlRate { get; init; } = 0.01;

    /// <summary>See <see cref="LabellingSettings.RandomShare"/>.</summary>
    public double RandomShare { get; init; } = 0.05;

    /// <summary>See <see cref="LabellingSettings.NearDuplicate"/>.</summary>
    public double NearDuplicate { get; init; } = 0.8;

    /// <summary>Chosen texts that are remembered; the oldest is forgotten for the next. About 800 bytes each.</summary>
    public int Memory { get; init; } = 20_000;

    /// <summary>Longest text that is sent to be labelled, in UTF-16 code units.</summary>
    public int MaxTextLength { get; init; } = 20_000;

    /// <summary>Draws hash functions, and which documents the control slice has.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>What a topology says.</summary>
    public static SelectionOptions From(TopologyDefinition topology)
    {
        ArgumentNullException.ThrowIfNull(topology);
        var labelling = topology.Labelling;
        var below = new Dictionary<LabelTask, double>();
        var tasks = new List<LabelTask>();
        foreach (var (task, stage, threshold) in new[]
                 {
                     (LabelTask.Entities, StageRegistry.Entities, labelling.Below.Entities), (LabelTask.Topics, StageRegistry.Topics, labelling.Below.Topics),
                     (LabelTask.Sentiment, StageRegistry.Sentiment, labelling.Below.Sentiment), (LabelTask.Aspects, StageRegistry.Aspects, labelling.Below.Aspects),
                 })
        {
            if (!topology.HasStage(stage))
                continue;
            tasks.Add(task);
            if (threshold is { } least)
                below[task] = least;
        }

        return new SelectionOptions
        {
            Topology = topology.Name,
            Tasks = tasks,
            Below = below,
            Measure = labelling.Measure switch
            {
                "margin" => UncertaintyMeasure.Margin,
                "entropy" => UncertaintyMeasure.Entropy,
                "sequence" => UncertaintyMeasure.Sequence,
                _ => UncertaintyMeasure.LeastConfidence,
            },
            TargetShare = labelling.TargetShare,
            BudgetPerHour = labelling.BudgetPerHour,
            BudgetPerDay = labelling.BudgetPerDay,
            BudgetPerSource = labelling.BudgetPerSource,
            ControlRate = labelling.ControlRate,
            RandomShare = labelling.RandomShare,
            NearDuplicate = labelling.NearDuplicate,
            DisagreementFrom = labelling.DisagreementFrom,
        };
    }
}
