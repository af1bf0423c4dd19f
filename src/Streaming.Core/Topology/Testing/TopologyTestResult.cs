namespace Streaming.Core.Topology.Testing;

/// <summary>What became of one test.</summary>
/// <param name="Case">The test.</param>
/// <param name="Failures">What differs, a sentence each; empty when it passed.</param>
public sealed record TopologyTestResult(TopologyTestCase Case, IReadOnlyList<string> Failures)
{
    /// <summary>True when nothing differs.</summary>
    public bool Passed => Failures.Count == 0;
}
