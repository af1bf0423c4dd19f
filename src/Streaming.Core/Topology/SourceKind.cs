namespace Streaming.Core.Topology;

/// <summary>Where messages come from.</summary>
public enum SourceKind
{
    /// <summary>Kafka when <c>bootstrap.servers</c> is set, else the embedded log.</summary>
    Auto,

    /// <summary>The embedded log.</summary>
    Log,

    /// <summary>A Kafka cluster.</summary>
    Kafka,
}
