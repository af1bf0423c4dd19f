using Streaming.Core.Sinks;

namespace Streaming.Adapters.Sqlite.Status;

/// <summary>Totals of one topology.</summary>
/// <param name="Topology">Its name.</param>
/// <param name="Ingested">Messages appended to the topics it reads.</param>
/// <param name="Outcomes">How many of them ended in which way.</param>
/// <param name="Backlog">Messages it has not finished yet.</param>
/// <param name="OldestAge">Age of the oldest unfinished message; null when there is none.</param>
/// <param name="Model">Model that made the latest documents, when there are any.</param>
/// <param name="ModelVersion">Its version.</param>
/// <param name="Running">True while a process reads for it.</param>
/// <param name="Updated">When the totals last changed.</param>
public sealed record TopologyStatus(
    string Topology,
    long Ingested,
    OutcomeCounts Outcomes,
    long Backlog,
    TimeSpan? OldestAge,
    string? Model,
    string? ModelVersion,
    bool Running,
    DateTimeOffset Updated);
