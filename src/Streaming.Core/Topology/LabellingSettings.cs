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

    /// <summary>Most requests an hour from any one source, 0–1,000,000; 0 sets no bound of its own.</summary>
    public int BudgetPerSource { get; init; }

    /// <summary>Share of the budget given to randomly chosen documents, so that quality can be estimated without bias, 0–1.</summary>
    public double RandomShare { get; init; } = 0.05;

    /// <summary>Documents whose confidence is below this are candidates; null never asks for that task.</summary>
    public ThresholdSettings Below { get; init; } = new();
}
