namespace Streaming.Core.Topology.Testing;

/// <summary>The tests of a file, or everything that is wrong with it.</summary>
/// <param name="Cases">The tests in their order; empty when there is an error.</param>
/// <param name="Diagnostics">What is wrong.</param>
public sealed record TopologyTestSuite(IReadOnlyList<TopologyTestCase> Cases, IReadOnlyList<TopologyDiagnostic> Diagnostics)
{
    /// <summary>True when there is no error.</summary>
    public bool IsValid => !Diagnostics.Any(d => d.Severity == DiagnosticSeverity.Error);

    /// <summary>Where the tests of a topology lie: <c>x.tests.yaml</c> beside <c>x.yaml</c>.</summary>
    public static string PathFor(string topologyPath) => Path.ChangeExtension(topologyPath, ".tests.yaml");
}
