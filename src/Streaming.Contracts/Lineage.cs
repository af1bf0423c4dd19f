namespace Streaming.Contracts;

/// <summary>What made a document, so that it can be found, compared and made again.</summary>
public sealed record Lineage
{
    /// <summary>Name of the model bundle.</summary>
    public required string Model { get; init; }

    /// <summary>Version of the model bundle. One document never mixes two.</summary>
    public required string ModelVersion { get; init; }

    /// <summary>Head name → first 12 hexadecimal digits of its weights' SHA-256.</summary>
    public required IReadOnlyDictionary<string, string> Heads { get; init; }

    /// <summary>Name of the topology.</summary>
    public required string Topology { get; init; }

    /// <summary>Where the message lay: topic.</summary>
    public required string Topic { get; init; }

    /// <summary>Where the message lay: partition.</summary>
    public required int Partition { get; init; }

    /// <summary>Where the message lay: offset.</summary>
    public required long Offset { get; init; }
}
