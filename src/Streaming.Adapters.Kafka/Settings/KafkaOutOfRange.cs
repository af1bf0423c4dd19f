namespace Streaming.Adapters.Kafka;

/// <summary>What to do when a committed offset is outside of its log: retention took the messages, or the topic was made anew.</summary>
public enum KafkaOutOfRange
{
    /// <summary>Go on with the oldest message there is; the gap is counted.</summary>
    Earliest,

    /// <summary>Stop with <c>kafka_offset_out_of_range</c>.</summary>
    Fail,
}
