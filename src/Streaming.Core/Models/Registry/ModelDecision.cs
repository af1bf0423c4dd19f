namespace Streaming.Core.Models.Registry;

/// <summary>Why a model is taken or not.</summary>
/// <param name="By"><see cref="Gate"/>, <see cref="Person"/>, <see cref="Rollout"/> or <see cref="Seed"/>.</param>
/// <param name="Reasons">A sentence each.</param>
public sealed record ModelDecision(string By, IReadOnlyList<string> Reasons)
{
    /// <summary>The evaluation gate decided.</summary>
    public const string Gate = "gate";

    /// <summary>A person decided.</summary>
    public const string Person = "person";

    /// <summary>The guards of a rollout decided.</summary>
    public const string Rollout = "rollout";

    /// <summary>The first bundle of a channel, taken from where the topology names it.</summary>
    public const string Seed = "seed";

    /// <summary>What was measured.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Retraining that made the bundle, if one did.</summary>
    public string? Cycle { get; init; }
}
