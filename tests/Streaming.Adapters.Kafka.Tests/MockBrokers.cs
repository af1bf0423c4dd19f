using System.Runtime.InteropServices;
using Confluent.Kafka;
using Streaming.Adapters.Kafka.Native;

namespace Streaming.Adapters.Kafka.Tests;

/// <summary>Brokers inside the client library: no Java, no network, and errors on request. They know no compaction, transactions or access rules.</summary>
internal sealed unsafe partial class MockBrokers : IDisposable
{
    private static int s_resolved;
    private readonly IProducer<byte[], byte[]> _owner;
    private readonly nint _cluster;

    public MockBrokers(int brokers = 1)
    {
        KafkaLibrary.Load();
        Resolve();
        _owner = new ProducerBuilder<byte[], byte[]>(new Dictionary<string, string>
        {
            ["bootstrap.servers"] = "localhost:1",
            ["test.mock.num.brokers"] = brokers.ToString(),
        }).SetLogHandler(static (_, _) => { }).Build();
        _cluster = HandleMockCluster(NativeHandle.Of(_owner.Handle).DangerousGetHandle());
        Bootstrap = Marshal.PtrToStringUTF8(Bootstraps(_cluster))!;
    }

    /// <summary>For <c>bootstrap.servers</c>.</summary>
    public string Bootstrap { get; }

    /// <summary>The next requests of a kind (Kafka's number for it, e.g. 8 for OffsetCommit) are answered with these errors.</summary>
    public void Fail(short request, params ErrorCode[] errors)
    {
        var codes = errors.Select(e => (int)e).ToArray();
        fixed (int* first = codes)
            PushRequestErrors(_cluster, request, (nuint)codes.Length, first);
    }

    public void CreateTopic(string name, int partitions) => TopicCreate(_cluster, name, partitions, 1);

    /// <summary>Cuts a broker off.</summary>
    public void Down(int broker = 1) => SetDown(_cluster, broker);

    /// <summary>Brings it back.</summary>
    public void Up(int broker = 1) => SetUp(_cluster, broker);

    public void Dispose() => _owner.Dispose();

    private static void Resolve()
    {
        // As the adapter does for its own assembly; setting it twice is an error.
        if (Interlocked.Exchange(ref s_resolved, 1) == 0)
            NativeLibrary.SetDllImportResolver(typeof(MockBrokers).Assembly, static (name, assembly, path) =>
                NativeLibrary.TryLoad(name, assembly, path, out var handle) || NativeLibrary.TryLoad(name + ".so.1", out handle) ? handle : 0);
    }

    [LibraryImport("librdkafka", EntryPoint = "rd_kafka_handle_mock_cluster")]
    private static partial nint HandleMockCluster(nint client);

    [LibraryImport("librdkafka", EntryPoint = "rd_kafka_mock_cluster_bootstraps")]
    private static partial nint Bootstraps(nint cluster);

    [LibraryImport("librdkafka", EntryPoint = "rd_kafka_mock_push_request_errors_array")]
    private static partial void PushRequestErrors(nint cluster, short request, nuint count, int* errors);

    [LibraryImport("librdkafka", EntryPoint = "rd_kafka_mock_topic_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int TopicCreate(nint cluster, string topic, int partitions, int replicas);

    [LibraryImport("librdkafka", EntryPoint = "rd_kafka_mock_broker_set_down")]
    private static partial int SetDown(nint cluster, int broker);

    [LibraryImport("librdkafka", EntryPoint = "rd_kafka_mock_broker_set_up")]
    private static partial int SetUp(nint cluster, int broker);
}
