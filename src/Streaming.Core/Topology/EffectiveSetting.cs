namespace Streaming.Core.Topology;

/// <summary>One setting as it is in force, for <c>streaming topology explain</c>.</summary>
/// <param name="Path">Dotted path, e.g. <c>batching.max_batch_tokens</c>.</param>
/// <param name="Value">The value as one would write it; <c>***</c> for a secret; null when there is none.</param>
/// <param name="Origin">Where it came from.</param>
/// <param name="Position">The place it was set; null for a default.</param>
/// <param name="Variables">Variables it was made with, each with where that one's value came from, e.g. <c>HOST (environment)</c>.</param>
/// <param name="Summary">What it does, in a sentence.</param>
public sealed record EffectiveSetting(
    string Path,
    string? Value,
    SettingOrigin Origin,
    TextPosition? Position,
    IReadOnlyList<string> Variables,
    string Summary);
