namespace Streaming.Core.Topology;

/// <summary>Where a consumer group begins that has never committed.</summary>
public enum StartPosition
{
    /// <summary>At the oldest message.</summary>
    Earliest,

    /// <summary>After the newest message.</summary>
    Latest,
}
