namespace Streaming.Core.Models.Registry;

/// <summary>A candidate on its way into force; part of its channel, so it survives a restart and every process sees the same stage.</summary>
public sealed record ModelRollout
{
    /// <summary>Digest of the candidate.</summary>
    public required string Digest { get; init; }

    /// <summary>Its version.</summary>
    public required string Version { get; init; }

    /// <summary>The stage it is in.</summary>
    public required RolloutStage Stage { get; init; }

    /// <summary>How it goes on.</summary>
    public required RolloutPlan Plan { get; init; }

    /// <summary>Number of the decision that the stage began with: what tells it from any other.</summary>
    public required long Sequence { get; init; }

    /// <summary>When the stage began.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>What the gate had measured.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Retraining that made it, if one did.</summary>
    public string? Cycle { get; init; }
}
