namespace Streaming.Contracts;

/// <summary>One reason why a text was chosen.</summary>
/// <param name="Code">One of the constants here.</param>
/// <param name="Task">Task it is about; null when about the whole text.</param>
/// <param name="Value">What was measured, 0–1.</param>
/// <param name="Threshold">What it was held against, 0–1.</param>
public sealed record SelectionReason(string Code, LabelTask? Task = null, double? Value = null, double? Threshold = null)
{
    /// <summary>The model's confidence was below the topology's threshold.</summary>
    public const string Uncertain = "uncertain";

    /// <summary>Among the share of documents that the model is least sure of; the threshold is the one that came out of that.</summary>
    public const string LeastSure = "least_sure";

    /// <summary>Two models disagree.</summary>
    public const string Disagreement = "disagreement";

    /// <summary>Little like anything that has been labelled.</summary>
    public const string Novel = "novel";

    /// <summary>Chosen at random for the control slice.</summary>
    public const string Control = "control";

    /// <summary>A person said that it is wrong.</summary>
    public const string Reported = "reported";
}
