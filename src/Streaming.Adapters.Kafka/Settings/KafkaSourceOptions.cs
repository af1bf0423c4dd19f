using Streaming.Core.Telemetry;

namespace Streaming.Adapters.Kafka;

/// <summary>Where and how to read. Everything the client itself knows goes into <see cref="Client"/> by its own name.</summary>
public sealed record KafkaSourceOptions
{
    // A mistake is told within 10 s of the command, everything else a start does included.
    internal static readonly TimeSpan DefaultStartTimeout = TimeSpan.FromSeconds(6);

    /// <summary>
    /// librdkafka settings by their own names; at least <c>bootstrap.servers</c>. A value <c>env:NAME</c> is read from the
    /// environment and <c>file:PATH</c> from a file, so that no secret stands in a topology.
    /// </summary>
    public required IReadOnlyDictionary<string, string> Client { get; init; }

    /// <summary>Topics; one that starts with <c>^</c> is a regular expression.</summary>
    public required IReadOnlyList<string> Topics { get; init; }

    /// <summary>Consumer group (<c>group.id</c>).</summary>
    public required string Group { get; init; }

    /// <summary>Where a partition starts that the group has never committed.</summary>
    public KafkaStart Start { get; init; } = KafkaStart.Earliest;

    /// <summary>The time to start from, for <see cref="KafkaStart.Timestamp"/>.</summary>
    public DateTimeOffset? StartTimestamp { get; init; }

    /// <summary>What to do when the committed offset is no longer (or not yet) in the log. Always said aloud and counted.</summary>
    public KafkaOutOfRange OutOfRange { get; init; } = KafkaOutOfRange.Earliest;

    /// <summary>Messages read ahead of the pipeline. 1–1,000,000.</summary>
    public int MaxBufferedMessages { get; init; } = 5_000;

    /// <summary>Bytes read ahead of the pipeline. 64 KiB–4 GiB.</summary>
    public long MaxBufferedBytes { get; init; } = 8L * 1024 * 1024;

    /// <summary>How long partitions about to go may finish what is in flight. 0–120 s, and below <c>max.poll.interval.ms</c>.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a start looks for the broker and the topics before it gives up. 1–120 s.</summary>
    public TimeSpan StartTimeout { get; init; } = DefaultStartTimeout;

    /// <summary>Stored with each commit, for whoever looks at the group; no secrets. At most 1,024 bytes.</summary>
    public string CommitMetadata { get; init; } = "streaming";

    /// <summary>Hears what a person should know.</summary>
    public Action<Notice>? OnNotice { get; init; }

    /// <summary>Clock and timers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
