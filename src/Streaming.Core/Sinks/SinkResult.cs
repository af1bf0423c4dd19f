namespace Streaming.Core.Sinks;

/// <summary>What became of one item.</summary>
public enum SinkStatus
{
    /// <summary>Durably applied.</summary>
    Applied,

    /// <summary>A newer or equal version is there already: done, nothing changed.</summary>
    Superseded,

    /// <summary>Refused for good; the message becomes a dead letter.</summary>
    Rejected,
}

/// <summary>The answer for one item; <paramref name="Reason"/> only when rejected.</summary>
public readonly record struct SinkResult(SinkStatus Status, string? Reason = null);
