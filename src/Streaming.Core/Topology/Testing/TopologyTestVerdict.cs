namespace Streaming.Core.Topology.Testing;

/// <summary>How a test's message ended.</summary>
public enum TopologyTestVerdict
{
    /// <summary>As a document.</summary>
    Indexed,

    /// <summary>As a dead letter.</summary>
    DeadLettered,

    /// <summary>Left out by a rule.</summary>
    Filtered,
}
