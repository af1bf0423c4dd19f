using Streaming.Core.Telemetry;

namespace Streaming.Adapters.Kafka;

/// <summary>What goes into a transaction, and where to.</summary>
public sealed record KafkaTransactionOptions
{
    /// <summary>
    /// librdkafka settings by their own names, as in <see cref="KafkaSourceOptions.Client"/>. <c>transactional.id</c>, when given, must be of
    /// one process alone; left out, each start has its own.
    /// </summary>
    public required IReadOnlyDictionary<string, string> Client { get; init; }

    /// <summary>The source's consumer group.</summary>
    public required string Group { get; init; }

    /// <summary>Topic of enriched documents.</summary>
    public required string Topic { get; init; }

    /// <summary>Topic of dead letters.</summary>
    public required string DeadLetterTopic { get; init; }

    /// <summary>Topic of requests for labels; null when there are none.</summary>
    public string? LabelTopic { get; init; }

    /// <summary>How long the broker may take over one step of a transaction. 1–120 s.</summary>
    public TimeSpan StepTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Hears what a person should know.</summary>
    public Action<Notice>? OnNotice { get; init; }

    /// <summary>Clock and timers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
