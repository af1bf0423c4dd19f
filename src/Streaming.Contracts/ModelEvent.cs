using System.Text.Json.Serialization;

namespace Streaming.Contracts;

/// <summary>
/// One decision about which model is in force (<c>models.events</c>, <c>schemas/model-event.v1.json</c>). Events of a channel are
/// numbered without gaps; whoever sees a number again has seen the event already.
/// </summary>
public sealed record ModelEvent
{
    /// <summary>Number within the channel, from 1.</summary>
    public required long Sequence { get; init; }

    /// <summary>What was decided.</summary>
    public required ModelEventKind Kind { get; init; }

    /// <summary>Bundle name.</summary>
    public required string Name { get; init; }

    /// <summary>Channel of the registry that processes follow, e.g. <c>stable</c>.</summary>
    public required string Channel { get; init; }

    /// <summary>Version of the bundle that the decision is about.</summary>
    public required string Version { get; init; }

    /// <summary>Digest of that bundle: SHA-256 of its manifest, lower-case hexadecimal.</summary>
    public required string Digest { get; init; }

    /// <summary>Version in force before; absent for the first.</summary>
    public string? PreviousVersion { get; init; }

    /// <summary>Digest of the bundle in force before; absent for the first.</summary>
    public string? PreviousDigest { get; init; }

    /// <summary>Why, a sentence each.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }

    /// <summary>What was measured, e.g. <c>ner.test.micro_f1.after</c>.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>When.</summary>
    public required DateTimeOffset DecidedAt { get; init; }

    /// <summary>Who decided: <c>gate</c>, <c>person</c>, <c>rollout</c> or <c>seed</c>.</summary>
    public required string DecidedBy { get; init; }

    /// <summary>Retraining that made the bundle; absent when none did.</summary>
    public string? Cycle { get; init; }
}

/// <summary>What can be decided about a model.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ModelEventKind>))]
public enum ModelEventKind
{
    /// <summary>It is in force from now on.</summary>
    [JsonStringEnumMemberName("promoted")]
    Promoted,

    /// <summary>It is not taken; what was in force stays.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,

    /// <summary>It, which had been in force before, is in force again.</summary>
    [JsonStringEnumMemberName("rolled_back")]
    RolledBack,

    /// <summary>It stays in force whatever a gate says, until it is unpinned.</summary>
    [JsonStringEnumMemberName("pinned")]
    Pinned,

    /// <summary>It computes beside what is in force, to be compared; what it finds goes nowhere.</summary>
    [JsonStringEnumMemberName("shadowed")]
    Shadowed,

    /// <summary>It enriches a share of the documents; the rest stays with what is in force.</summary>
    [JsonStringEnumMemberName("canaried")]
    Canaried,

    /// <summary>It was tried and is not taken; what is in force has all documents.</summary>
    [JsonStringEnumMemberName("withdrawn")]
    Withdrawn,

    /// <summary>It may be replaced again.</summary>
    [JsonStringEnumMemberName("unpinned")]
    Unpinned,
}
