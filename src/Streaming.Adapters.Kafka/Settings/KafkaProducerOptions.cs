using Streaming.Core.Telemetry;

namespace Streaming.Adapters.Kafka;

/// <summary>How to write.</summary>
public sealed record KafkaProducerOptions
{
    /// <summary>librdkafka settings by their own names, as in <see cref="KafkaSourceOptions.Client"/>; consumer settings are left out.</summary>
    public required IReadOnlyDictionary<string, string> Client { get; init; }

    /// <summary>How long a start looks for the broker. 1–120 s.</summary>
    public TimeSpan StartTimeout { get; init; } = KafkaSourceOptions.DefaultStartTimeout;

    /// <summary>Hears what a person should know.</summary>
    public Action<Notice>? OnNotice { get; init; }

    /// <summary>Clock and timers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
