namespace Streaming.Learning.Retraining;

/// <summary>Where a topology's retraining stands; what survives a crash.</summary>
public sealed record RetrainState
{
    /// <summary>Labels up to this sequence of the sample store have been learnt from.</summary>
    public long LearntThrough { get; init; }

    /// <summary>Retrainings begun so far.</summary>
    public int Number { get; init; }

    /// <summary>When the schedule was last heeded; null: never.</summary>
    public DateTimeOffset? ScheduledAt { get; init; }

    /// <summary>The retraining under way; null when there is none.</summary>
    public RetrainStep? Open { get; init; }

    /// <summary>Those finished, oldest first; the latest 200.</summary>
    public IReadOnlyList<RetrainOutcome> Finished { get; init; } = [];
}

/// <summary>A retraining under way.</summary>
public sealed record RetrainStep
{
    /// <summary>Identity.</summary>
    public required string Id { get; init; }

    /// <summary>Why it began: <c>count</c>, <c>schedule</c>, <c>drift</c> or <c>manual</c>.</summary>
    public required string Trigger { get; init; }

    /// <summary>Labels up to this sequence are used.</summary>
    public required long Through { get; init; }

    /// <summary>Digest of the bundle that it starts from and is judged against.</summary>
    public required string Parent { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset BegunAt { get; init; }
}

/// <summary>A finished retraining.</summary>
public sealed record RetrainOutcome
{
    /// <summary>Identity.</summary>
    public required string Id { get; init; }

    /// <summary>See <see cref="RetrainStep.Trigger"/>.</summary>
    public required string Trigger { get; init; }

    /// <summary>Whether the new model was taken, at once or to be tried; null when there was nothing to learn, or the training diverged.</summary>
    public bool? Promoted { get; init; }

    /// <summary>Stage of the rollout that it began; null when it came into force at once, or not at all.</summary>
    public string? Stage { get; init; }

    /// <summary>Version made; null when none was.</summary>
    public string? Version { get; init; }

    /// <summary>Digest of the bundle made.</summary>
    public string? Digest { get; init; }

    /// <summary>Labelled samples it learnt from.</summary>
    public int Labels { get; init; }

    /// <summary>Why.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>What was measured.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>When it began.</summary>
    public required DateTimeOffset BegunAt { get; init; }

    /// <summary>When it was finished.</summary>
    public required DateTimeOffset FinishedAt { get; init; }
}

/// <summary>A labelled sample that a bundle was made of: one line of the ledger.</summary>
public sealed record LedgerLine(string Sample, string Document, string Task, string Labeller, string Kind, string? Prompt, double Cost, string? Source);
