namespace Streaming.Core.Topology;

/// <summary>One stage of a chain, with its names filled in and checked.</summary>
public sealed record StageDefinition
{
    /// <summary>Which stage, one of <see cref="StageRegistry.All"/>.</summary>
    public required string Stage { get; init; }

    /// <summary>Name of the value it reads.</summary>
    public required string In { get; init; }

    /// <summary>Name of the value it gives.</summary>
    public required string Out { get; init; }

    /// <summary>Where it is written.</summary>
    public required TextPosition Position { get; init; }
}
