using Streaming.Core.Engine;

namespace Streaming.Core.Topology;

/// <summary>A topology as it will run: every file merged, every variable filled in, every default set, every value checked.</summary>
public sealed record TopologyDefinition
{
    /// <summary>Name; goes into lineage, dead letters and metrics. Lower-case letters, digits, <c>.</c>, <c>_</c>, <c>-</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for, for people.</summary>
    public string? Description { get; init; }

    /// <summary>The file's own variables, after the environment had its say. May hold secrets: never log.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>Which model.</summary>
    public ModelSettings Model { get; init; } = new();

    /// <summary>Where messages come from.</summary>
    public required SourceSettings Source { get; init; }

    /// <summary>The stages, in order.</summary>
    public required IReadOnlyList<StageDefinition> Chain { get; init; }

    /// <summary>Limits and filter rules, from the options of the stages <c>decode</c> and <c>filter</c>.</summary>
    public EnrichmentOptions Enrichment { get; init; } = new();

    /// <summary>Grouping and bounds.</summary>
    public BatchingOptions Batching { get; init; } = new();

    /// <summary>Annotations below these are left out of the document.</summary>
    public ThresholdSettings Thresholds { get; init; } = new();

    /// <summary>Where documents go.</summary>
    public required SinkSettings Sink { get; init; }

    /// <summary>Where messages go that cannot be enriched.</summary>
    public required DeadLetterSettings DeadLetters { get; init; }

    /// <summary>What is sent to be labelled.</summary>
    public LabellingSettings Labelling { get; init; } = new();

    /// <summary>When to train again.</summary>
    public RetrainingSettings Retraining { get; init; } = new();

    /// <summary>True when the chain has this stage; a document has no annotations of a stage that is not there.</summary>
    public bool HasStage(string stage) => Chain.Any(s => s.Stage == stage);
}
