using System.Runtime.InteropServices;

namespace Streaming.Adapters.Kafka.Native;

/// <summary>
/// The few librdkafka functions Confluent.Kafka does not offer: taking many messages in one call, committing without
/// waiting, waking a waiting poll, and asking whether a setting exists. Layouts are those of <c>rdkafka.h</c>, unchanged since 1.0.
/// </summary>
internal static unsafe partial class RdKafka
{
    internal const string Name = "librdkafka";

    [StructLayout(LayoutKind.Sequential)]
    internal struct Message
    {
        public int Error;
        public nint Topic;
        public int Partition;
        public byte* Payload;
        public nuint Length;
        public byte* Key;
        public nuint KeyLength;
        public long Offset;
        public nint Private;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct PartitionElement
    {
        public nint Topic;
        public int Partition;
        public long Offset;
        public byte* Metadata;
        public nuint MetadataSize;
        public nint Opaque;
        public int Error;
        public nint Private;
    }

    [LibraryImport(Name, EntryPoint = "rd_kafka_version_str")]
    internal static partial nint VersionString();

    [LibraryImport(Name, EntryPoint = "rd_kafka_conf_new")]
    internal static partial nint ConfNew();

    [LibraryImport(Name, EntryPoint = "rd_kafka_conf_destroy")]
    internal static partial void ConfDestroy(nint conf);

    [LibraryImport(Name, EntryPoint = "rd_kafka_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int ConfSet(nint conf, string name, string value, byte* error, nuint errorSize);

    [LibraryImport(Name, EntryPoint = "rd_kafka_queue_get_consumer")]
    internal static partial nint QueueGetConsumer(nint client);

    [LibraryImport(Name, EntryPoint = "rd_kafka_queue_destroy")]
    internal static partial void QueueDestroy(nint queue);

    [LibraryImport(Name, EntryPoint = "rd_kafka_queue_yield")]
    internal static partial void QueueYield(nint queue);

    [LibraryImport(Name, EntryPoint = "rd_kafka_consume_batch_queue")]
    internal static partial nint ConsumeBatchQueue(nint queue, int timeoutMs, Message** messages, nuint size);

    [LibraryImport(Name, EntryPoint = "rd_kafka_message_destroy")]
    internal static partial void MessageDestroy(Message* message);

    [LibraryImport(Name, EntryPoint = "rd_kafka_message_timestamp")]
    [SuppressGCTransition]
    internal static partial long MessageTimestamp(Message* message, int* type);

    [LibraryImport(Name, EntryPoint = "rd_kafka_message_headers")]
    internal static partial int MessageHeaders(Message* message, nint* headers);

    [LibraryImport(Name, EntryPoint = "rd_kafka_header_get_all")]
    internal static partial int HeaderGetAll(nint headers, nuint index, byte** name, byte** value, nuint* size);

    [LibraryImport(Name, EntryPoint = "rd_kafka_topic_name")]
    [SuppressGCTransition]
    internal static partial byte* TopicName(nint topic);

    [LibraryImport(Name, EntryPoint = "rd_kafka_topic_partition_list_new")]
    internal static partial nint PartitionListNew(int size);

    [LibraryImport(Name, EntryPoint = "rd_kafka_topic_partition_list_add", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial PartitionElement* PartitionListAdd(nint list, string topic, int partition);

    [LibraryImport(Name, EntryPoint = "rd_kafka_topic_partition_list_destroy")]
    internal static partial void PartitionListDestroy(nint list);

    [LibraryImport(Name, EntryPoint = "rd_kafka_commit")]
    internal static partial int Commit(nint client, nint list, int async);

    [LibraryImport(Name, EntryPoint = "rd_kafka_metadata")]
    internal static partial int Metadata(nint client, int allTopics, nint onlyTopic, nint* metadata, int timeoutMs);

    [LibraryImport(Name, EntryPoint = "rd_kafka_metadata_destroy")]
    internal static partial void MetadataDestroy(nint metadata);

    [LibraryImport(Name, EntryPoint = "rd_kafka_sasl_set_credentials", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint SaslSetCredentials(nint client, string username, string password);

    [LibraryImport(Name, EntryPoint = "rd_kafka_mem_malloc")]
    internal static partial byte* Allocate(nint client, nuint size);
}
