using System.Diagnostics.CodeAnalysis;

namespace Streaming.Core.Topology;

/// <summary>A compiled topology, or everything that is wrong with it.</summary>
/// <param name="Topology">The topology; null when there is an error.</param>
/// <param name="Diagnostics">Errors and warnings in order of place; warnings may come with a topology too.</param>
public sealed record TopologyLoadResult(CompiledTopology? Topology, IReadOnlyList<TopologyDiagnostic> Diagnostics)
{
    /// <summary>True when there is no error.</summary>
    [MemberNotNullWhen(true, nameof(Topology))]
    public bool IsValid => Topology is not null;

    /// <summary>The topology, or one exception that lists every error.</summary>
    /// <exception cref="StreamingException">Code <c>invalid_topology</c>.</exception>
    public CompiledTopology GetOrThrow()
    {
        if (Topology is not null)
        {
            return Topology;
        }

        var errors = Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).ToList();
        var count = errors.Count == 1 ? "1 error" : $"{errors.Count} errors";
        throw new StreamingException(
            "invalid_topology",
            $"the topology cannot run: {count}\n  {string.Join("\n  ", errors)}");
    }
}
