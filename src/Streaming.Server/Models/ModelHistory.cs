using Streaming.Contracts;

namespace Streaming.Server.Models;

/// <summary>What is in force on a channel, and every decision that led there: quality over time.</summary>
/// <param name="Name">Bundle name.</param>
/// <param name="Channel">Channel.</param>
/// <param name="Version">Version in force.</param>
/// <param name="Pinned">Whether it is held.</param>
/// <param name="Events">Decisions, oldest first.</param>
public sealed record ModelHistory(string Name, string Channel, string? Version, bool Pinned, IReadOnlyList<ModelEvent> Events)
{
    /// <summary>A candidate that is being tried; null: none.</summary>
    public ModelTrialView? Trial { get; init; }
}
