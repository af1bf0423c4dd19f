namespace Streaming.Core.Topology;

/// <summary>Where messages come from (<c>source:</c>).</summary>
public sealed record SourceSettings
{
    /// <summary>The setting of the Kafka client that decides whether there is a cluster.</summary>
    public const string BootstrapServers = "bootstrap.servers";

    /// <summary>Kind, as written.</summary>
    public SourceKind Kind { get; init; } = SourceKind.Auto;

    /// <summary>Topics to read, 1–100. On Kafka a name that starts with <c>^</c> is a regular expression.</summary>
    public required IReadOnlyList<string> Topics { get; init; }

    /// <summary>Consumer group; the topology's name unless set.</summary>
    public required string Group { get; init; }

    /// <summary>Where a group begins that has never committed.</summary>
    public StartPosition Start { get; init; } = StartPosition.Earliest;

    /// <summary>Partitions of topics that are created for this topology, 1–10,000.</summary>
    public int Partitions { get; init; } = 4;

    /// <summary>Copies of topics that are created for this topology, 1–15. The embedded log keeps one.</summary>
    public int ReplicationFactor { get; init; } = 1;

    /// <summary>Settings of the Kafka client by their own names, e.g. <c>security.protocol</c>. Empty ones are left out. May hold secrets: never log.</summary>
    public IReadOnlyDictionary<string, string> Kafka { get; init; } = new Dictionary<string, string>();

    /// <summary>True when messages come from Kafka, false when they come from the embedded log.</summary>
    public bool UsesKafka => Kind == SourceKind.Kafka || (Kind == SourceKind.Auto && Kafka.ContainsKey(BootstrapServers));
}
