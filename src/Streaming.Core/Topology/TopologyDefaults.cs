using Streaming.Core.Topology.Language;

namespace Streaming.Core.Topology;

/// <summary>What a topology gets that depends on the rest of it.</summary>
/// <param name="Validator">Reads the defaults of stage options.</param>
/// <param name="Position">Where the topology begins.</param>
internal sealed record TopologyDefaults(SettingsValidator Validator, TextPosition Position)
{
    /// <summary>The chain of a topology that names none: everything, nothing filtered.</summary>
    public IReadOnlyList<StageNode> Chain() => StageRegistry.All
        .Where(s => s.Name != "filter")
        .Select(s => new StageNode(
            s.Name,
            null,
            null,
            Validator.ReadMap(null, TopologyLanguage.OptionsOf(s.Name), $"chain.{s.Name}", Position),
            Position,
            Position,
            Position))
        .ToList();
}
