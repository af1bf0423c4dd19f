using Streaming.Contracts;

namespace Streaming.Core.Topology.Testing;

/// <summary>What a topology made of one message.</summary>
/// <param name="Verdict">How it ended.</param>
/// <param name="Document">The document, when it was indexed.</param>
/// <param name="Code">The code, when it became a dead letter.</param>
public sealed record TopologyTestOutcome(TopologyTestVerdict Verdict, EnrichedDocument? Document = null, string? Code = null);
