namespace Streaming.Core.Topology;

/// <summary>A topology that passed every check and can be run.</summary>
/// <param name="Definition">What to run.</param>
/// <param name="Settings">Every setting with its value and origin, in the language's order; secrets are masked.</param>
/// <param name="Files">Files it was read from, the topology itself first.</param>
public sealed record CompiledTopology(
    TopologyDefinition Definition,
    IReadOnlyList<EffectiveSetting> Settings,
    IReadOnlyList<string> Files)
{
    /// <summary>Its name.</summary>
    public string Name => Definition.Name;

    /// <summary>Leaves everything out that could be secret.</summary>
    public override string ToString() => Definition.Name;
}
