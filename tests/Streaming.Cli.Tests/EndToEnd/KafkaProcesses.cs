using System.Text;
using System.Text.Json.Nodes;
using Streaming.Adapters.Kafka;
using Streaming.Core.Messaging;
using Streaming.Testing.Servers;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>
/// A topic on a real broker, an index that counts, and processes of the product between them: one consumer group. Knows what was
/// written where, so it can tell what is lost, what was written twice, and whether a commit ran ahead.
/// </summary>
internal sealed class KafkaProcesses : IAsyncDisposable
{
    private static int s_number;
    private readonly DataFolderOfTest _folder = new();
    private readonly KafkaServer _server;
    private readonly KafkaMessageProducer _producer;
    private readonly Dictionary<TopicPartition, List<string>> _log = [];
    private readonly Dictionary<string, long> _newest = new(StringComparer.Ordinal);
    private readonly List<ProductProcess> _started = [];
    private readonly int _sessionSeconds;
    private readonly int _partitions;

    private KafkaProcesses(KafkaServer server, int partitions, int sessionSeconds)
    {
        _server = server;
        _partitions = partitions;
        _sessionSeconds = sessionSeconds;
        Name = $"w{Environment.ProcessId}-{Interlocked.Increment(ref s_number)}";
        _producer = new KafkaMessageProducer(new KafkaProducerOptions { Client = Client });
    }

    /// <summary>Name of topic, topology and group.</summary>
    public string Name { get; }

    /// <summary>Where documents go.</summary>
    public FakeElasticsearch Index { get; } = new();

    /// <summary>Documents there must be in the end.</summary>
    public int Documents => _newest.Count;

    private Dictionary<string, string> Client => _server.Client;

    /// <summary>Makes the topic.</summary>
    public static async Task<KafkaProcesses> CreateAsync(KafkaServer server, int partitions, int sessionSeconds = 60)
    {
        var world = new KafkaProcesses(server, partitions, sessionSeconds);
        await using var admin = new KafkaAdmin(world.Client);
        await admin.CreateTopicsAsync([new KafkaTopic(world.Name, partitions, 1), new KafkaTopic(world.Name + ".dead-letter", 1, 1)], default);
        return world;
    }

    /// <summary>Writes so many short texts from a number on, at least one into each partition when <paramref name="toEach"/>.</summary>
    public async Task AppendAsync(int from, int count, string suffix = "", bool toEach = false)
    {
        var messages = new List<(string Id, OutgoingMessage Message)>();
        foreach (var line in ShortTexts.Lines(from + count).Skip(from))
        {
            var message = JsonNode.Parse(line)!;
            message["text"] = message["text"]!.GetValue<string>() + suffix;
            var id = message["id"]!.GetValue<string>();
            messages.Add((id, new OutgoingMessage { Key = Encoding.UTF8.GetBytes(id), Value = Encoding.UTF8.GetBytes(message.ToJsonString()) }));
        }

        var reached = new HashSet<TopicPartition>();
        foreach (var chunk in messages.Chunk(5_000))
        {
            var results = await _producer.ProduceAsync(Name, [.. chunk.Select(static m => m.Message)], default);
            for (var i = 0; i < results.Count; i++)
            {
                Assert.True(results[i].IsStored, results[i].Error);
                if (!_log.TryGetValue(results[i].Partition, out var ids))
                    _log[results[i].Partition] = ids = [];
                // Nobody else writes here, so offsets are places in the list.
                Assert.Equal(ids.Count, results[i].Offset);
                ids.Add(chunk[i].Id);
                _newest[chunk[i].Id] = DocumentVersion.From(results[i].Offset);
                reached.Add(results[i].Partition);
            }
        }

        Assert.True(!toEach || reached.Count == _partitions, "no text for one of the partitions: take more of them");
    }

    /// <summary>Starts one more process of the group, which writes into the index.</summary>
    public ProductProcess Start() => Start($"{{index: docs, url: \"{Index.Url}\"}}");

    /// <summary>Starts one more process of the group, which writes into a topic, exactly once.</summary>
    public ProductProcess StartTransactional() => Start($"{{kind: kafka, enriched_topic: {Name}.enriched, delivery_guarantee: exactly_once}}");

    /// <summary>Ids of the enriched documents that a reader of committed records sees.</summary>
    public async Task<List<string>> EnrichedAsync()
    {
        var topic = Name + ".enriched";
        using var consumer = new Confluent.Kafka.ConsumerBuilder<byte[], byte[]>(new Dictionary<string, string>(Client)
        {
            ["group.id"] = Name + ".reader", ["isolation.level"] = "read_committed", ["enable.partition.eof"] = "true", ["enable.auto.commit"] = "false",
        }).Build();
        var partition = new Confluent.Kafka.TopicPartition(topic, 0);
        // A killed process leaves a transaction open until the broker gives it up; what lies behind it is seen only then. So read to the
        // end of what was written, not to the end of what can be read at the moment.
        using var whole = new Confluent.Kafka.ConsumerBuilder<byte[], byte[]>(new Dictionary<string, string>(Client)
        {
            ["group.id"] = Name + ".reader", ["isolation.level"] = "read_uncommitted",
        }).Build();
        var end = whole.QueryWatermarkOffsets(partition, ProductProcess.Patience).High.Value;
        consumer.Assign(new Confluent.Kafka.TopicPartitionOffset(partition, 0));
        var ids = new List<string>();
        await Task.Run(() =>
        {
            while (consumer.Consume(ProductProcess.Patience) is { } result && !(result.IsPartitionEOF && result.Offset.Value >= end))
            {
                if (result.Message is { } message)
                    ids.Add(Encoding.UTF8.GetString(message.Key));
            }
        });
        consumer.Close();
        return ids;
    }

    /// <summary>Sum of the group's committed offsets.</summary>
    public async Task<long> CommittedOffsetsAsync()
    {
        await using var admin = new KafkaAdmin(Client);
        return (await admin.DescribeLagAsync(Name, [Name], default)).Sum(static lag => lag.Committed ?? 0);
    }

    private ProductProcess Start(string sink)
    {
        var file = _folder.File("topology.yaml");
        File.WriteAllText(file, $$"""
            name: {{Name}}
            source:
              topics: [{{Name}}]
              kafka: {{{_server.ClientYaml}}, session.timeout.ms: "{{_sessionSeconds * 1000}}"}
            chain: [decode, normalise, tokenise, encode, entities, topics, sentiment, aspects]
            batching: {max_queue_size: 64}
            sink: {{sink}}
            dead_letters: {topic: {{Name}}.dead-letter}
            """);
        var process = ProductProcess.Start(["run", file, "--no-server", "--json", "--data", _folder.File("data-" + _started.Count)]);
        _started.Add(process);
        return process;
    }

    /// <summary>Waits until so many documents are there.</summary>
    public Task IndexedAsync(int count, params ProductProcess[] alive) => Eventually.TrueAsync(
        () =>
        {
            Assert.All(alive, static process => Assert.False(process.HasEnded, "it ended by itself: " + process.Error));
            return Task.FromResult(Index.Count >= count);
        },
        () => $"{count} documents; there are {Index.Count}{Said()}");

    /// <summary>Waits until the newest text of every id is there.</summary>
    public Task NewestAsync() => Eventually.TrueAsync(() => Task.FromResult(Missing() == 0), () => $"the newest text of each id; {Missing()} of {Documents} are missing{Said()}");

    /// <summary>What the group has committed in all; fails when a commit lies above a message that never arrived.</summary>
    public async Task<long> CommittedAsync()
    {
        await using var admin = new KafkaAdmin(Client);
        long sum = 0;
        // First the commits, then the documents: the other way round documents in between would hide a commit too far.
        var committed = await admin.DescribeLagAsync(Name, [Name], default);
        var there = Index.Versions;
        foreach (var lag in committed)
        {
            var ids = _log.GetValueOrDefault(new TopicPartition(Name, lag.Partition), []);
            for (var offset = 0; offset < (lag.Committed ?? 0); offset++)
                Assert.True(there.TryGetValue(ids[offset], out var version) && version >= DocumentVersion.From(offset), $"committed {lag.Partition}-{lag.Committed}, but {offset} never arrived");
            sum += lag.Committed ?? 0;
        }

        return sum;
    }

    /// <summary>Waits until everything is there and committed; fails when anything is missing, or lies in dead letters.</summary>
    public async Task SettleAsync()
    {
        await NewestAsync();
        var all = _log.Values.Sum(static ids => ids.Count);
        await Eventually.TrueAsync(async () => await CommittedAsync() == all, () => "the last commit" + Said());
        Assert.Equal(Documents, Index.Count);
        await using var admin = new KafkaAdmin(Client);
        Assert.Equal(0, (await admin.DescribeLagAsync(Name, [Name + ".dead-letter"], default)).Sum(static lag => lag.End));
    }

    /// <summary>Every document as it is in the index, without the moment it was read.</summary>
    public Dictionary<string, string> Contents()
    {
        var contents = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var id in _newest.Keys)
        {
            using var document = Index.Get(id);
            var fields = document is null ? null : JsonNode.Parse(document.RootElement.GetRawText())!.AsObject();
            fields?.Remove("ingest_time");
            contents[id] = fields?.ToJsonString() ?? "missing";
        }

        return contents;
    }

    /// <summary>The same topic read by a group of its own, without faults, into an index of its own.</summary>
    public async Task<Dictionary<string, string>> ReferenceAsync()
    {
        await using var other = new KafkaProcesses(_server, _partitions, _sessionSeconds);
        foreach (var (id, version) in _newest)
            other._newest[id] = version;
        var file = _folder.File("reference.yaml");
        var text = await File.ReadAllTextAsync(_folder.File("topology.yaml"));
        await File.WriteAllTextAsync(file, text.Replace(Index.Url.ToString(), other.Index.Url.ToString(), StringComparison.Ordinal).Replace("source:\n", $"source:\n  group: {Name}.reference\n", StringComparison.Ordinal));
        await using var process = ProductProcess.Start(["run", file, "--no-server", "--data", _folder.File("reference")]);
        await other.NewestAsync();
        process.Terminate();
        (await process.EndAsync()).Ended(0);
        return other.Contents();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in _started)
            await process.DisposeAsync();
        await _producer.DisposeAsync();
        await Index.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>What the processes said.</summary>
    public string Said() => string.Concat(_started.Select(static process => $"\n--- process {process.Id}, {(process.HasEnded ? "ended" : "running")}, said:\n{process.Error}"));

    private int Missing()
    {
        var there = Index.Versions;
        return _newest.Count(newest => there.GetValueOrDefault(newest.Key, -1) != newest.Value);
    }
}
