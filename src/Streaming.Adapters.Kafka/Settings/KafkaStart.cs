namespace Streaming.Adapters.Kafka;

/// <summary>Where a partition starts that has no committed offset.</summary>
public enum KafkaStart
{
    /// <summary>At the oldest message.</summary>
    Earliest,

    /// <summary>Behind the newest message; the place is committed at once, so that a restart misses nothing.</summary>
    Latest,

    /// <summary>At the first message not older than a time.</summary>
    Timestamp,
}
