namespace Streaming.Core.Topology;

/// <summary>When new heads are trained from new labels (<c>retraining:</c>).</summary>
public sealed record RetrainingSettings
{
    /// <summary>Off unless set.</summary>
    public bool Enabled { get; init; }

    /// <summary>Training recipe; a path relative to the topology file. Needed when enabled.</summary>
    public string? Recipe { get; init; }

    /// <summary>New labels that start a training, 1–10,000,000.</summary>
    public int MinLabels { get; init; } = 500;

    /// <summary>Longest time between trainings while there is any new label, 1 h–366 d; null trains on labels alone.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>By how much any class may fall before a new model is refused, in F1, 0–1.</summary>
    public double MaxClassDrop { get; init; } = 0.02;

    /// <summary>Topic of the decisions.</summary>
    public string EventsTopic { get; init; } = "models.events";
}
