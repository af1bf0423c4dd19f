namespace Streaming.Core.Topology;

/// <summary>Which documents are sent to be labelled (<c>labelling:</c>).</summary>
public sealed record LabellingSettings
{
    /// <summary>Off unless set.</summary>
    public bool Enabled { get; init; }

    /// <summary>Topic of the requests.</summary>
    public string Topic { get; init; } = "text.to-label";

    /// <summary>Topic of the answers.</summary>
    public string LabelledTopic { get; init; } = "text.labelled";

    /// <summary>Most requests an hour, 0–1,000,000.</summary>
    public int BudgetPerHour { get; init; } = 100;

    /// <summary>Most requests a day (UTC), 0–10,000,000.</summary>
    public int BudgetPerDay { get; init; } = 1_000;

    /// <summary>Most requests an hour from any one source, 0–1,000,000; 0 sets no bound of its own.</summary>
    public int BudgetPerSource { get; init; }

    /// <summary>Share of all documents that is chosen at random, by their ids, so that quality can be estimated without bias, 0–1.</summary>
    public double ControlRate { get; init; } = 0.01;

    /// <summary>Share of the hour's budget that randomly chosen documents may take at most, 0–1.</summary>
    public double RandomShare { get; init; } = 0.05;

    /// <summary>Documents whose confidence is below this are candidates; null never asks for that task.</summary>
    public ThresholdSettings Below { get; init; } = new();

    /// <summary>Share of documents that doubt makes candidates, 0–1: the thresholds move so that it is met, and <see cref="Below"/> names the tasks and where they start. 0: they stay.</summary>
    public double TargetShare { get; init; }

    /// <summary>What confidence means: 1 − <c>least_confidence</c>, <c>margin</c>, <c>entropy</c> or <c>sequence</c>.</summary>
    public string Measure { get; init; } = "least_confidence";

    /// <summary>Similarity (Jaccard, of word triples) from which on a text counts as chosen already, 0.3–1.</summary>
    public double NearDuplicate { get; init; } = 0.8;

    /// <summary>Bundle that computes a share of the batches too (<see cref="ModelSettings.Rollout"/> says which), so that the disagreement of the two is a reason; null: none.</summary>
    public string? SecondBundle { get; init; }

    /// <summary>Disagreement of two models in a task from which on a document is a candidate, above 0 to 1.</summary>
    public double DisagreementFrom { get; init; } = 0.5;

    /// <summary>The language model that answers.</summary>
    public LlmSettings Llm { get; init; } = new();
}
