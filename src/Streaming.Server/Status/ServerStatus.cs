namespace Streaming.Server.Status;

/// <summary>The answer of <c>GET /v1/status</c>.</summary>
public sealed record ServerStatus
{
    /// <summary>The topologies, by name.</summary>
    public required IReadOnlyList<TopologyStatus> Topologies { get; init; }

    /// <summary>Documents in the index.</summary>
    public long? Documents { get; init; }

    /// <summary>What is happening right now; null when nothing runs in this process.</summary>
    public LiveProgress? Live { get; init; }
}

/// <summary>What the pipeline in this process is doing.</summary>
/// <param name="Phase"><c>starting</c>, <c>running</c>, <c>waiting</c> (nothing to do) or <c>stopped</c>.</param>
/// <param name="Total">Documents expected in all, when known.</param>
/// <param name="Done">Of those, done.</param>
/// <param name="DocumentsPerSecond">Over the last few seconds.</param>
/// <param name="Entities">Entities found since the start.</param>
/// <param name="Backlog">Messages not yet done.</param>
public sealed record LiveProgress(string Phase, long? Total, long Done, double DocumentsPerSecond, long Entities, long Backlog);
