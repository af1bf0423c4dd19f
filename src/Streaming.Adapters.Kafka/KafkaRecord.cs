using Streaming.Contracts;
using Streaming.Core.Messaging;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka;

/// <summary>A record as the managed client hands it out, where no throughput is asked for.</summary>
internal static class KafkaRecord
{
    /// <summary>As a message.</summary>
    public static SourceMessage From(Client.ConsumeResult<byte[], byte[]> result) => new()
    {
        Partition = new TopicPartition(result.Topic, result.Partition.Value),
        Offset = result.Offset.Value,
        Key = result.Message.Key is null ? (ReadOnlyMemory<byte>?)null : result.Message.Key,
        Value = result.Message.Value is null ? (ReadOnlyMemory<byte>?)null : result.Message.Value,
        Headers = result.Message.Headers?.Select(header => new MessageHeader(header.Key, header.GetValueBytes())).ToArray() ?? [],
        Timestamp = KafkaTime.From(result.Message.Timestamp.UnixTimestampMs),
    };
}
