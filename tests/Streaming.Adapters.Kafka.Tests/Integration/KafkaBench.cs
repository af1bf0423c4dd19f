using System.Text;
using Confluent.Kafka;
using Streaming.Core.Messaging;
using Streaming.Core.Telemetry;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Kafka.Tests.Integration;

/// <summary>What tests on a broker share: topics of their own, messages, reading until a condition holds.</summary>
internal sealed class KafkaBench(KafkaServer server)
{
    private static int s_number;

    public List<Notice> Notices { get; } = [];

    public Dictionary<string, string> Client { get; } = server.Client;

    /// <summary>Longest wait for anything. A hang fails; a slow machine does not.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    /// <summary>The product looks for its broker for some seconds; a test whose broker is there waits for it.</summary>
    public static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(2);

    public static CancellationToken Limit() => new CancellationTokenSource(Patience).Token;

    public static string Name(string what) => $"{what}-{Environment.ProcessId}-{Interlocked.Increment(ref s_number)}";

    public async Task<string> TopicAsync(int partitions = 1, params (string, string)[] settings)
    {
        var name = Name("t");
        await using var admin = new KafkaAdmin(Client);
        await admin.CreateTopicsAsync([new KafkaTopic(name, partitions, 1, settings.ToDictionary(s => s.Item1, s => s.Item2))], default);
        return name;
    }

    public KafkaSourceOptions Options(string topic, string group, params (string Name, string Value)[] more)
    {
        // A process that is given no processor for a while keeps its place.
        var client = new Dictionary<string, string>(Client) { ["session.timeout.ms"] = "60000" };
        foreach (var (name, value) in more)
            client[name] = value;
        return new KafkaSourceOptions
        {
            Client = client,
            Topics = [topic],
            Group = group,
            StartTimeout = StartPatience,
            OnNotice = notice =>
            {
                lock (Notices)
                    Notices.Add(notice);
            },
        };
    }

    public bool Heard(string code)
    {
        lock (Notices)
            return Notices.Exists(n => n.Code == code);
    }

    public KafkaMessageProducer Producer() => new(new KafkaProducerOptions { Client = Client, StartTimeout = StartPatience });

    public async Task WriteAsync(string topic, int from, int count, int size = 0)
    {
        await using var producer = Producer();
        var messages = new List<OutgoingMessage>();
        for (var i = from; i < from + count; i++)
        {
            var text = $"m{i}".PadRight(size, '.');
            messages.Add(new OutgoingMessage { Key = Encoding.UTF8.GetBytes($"k{i % 97}"), Value = Encoding.UTF8.GetBytes(text) });
        }

        foreach (var result in await producer.ProduceAsync(topic, messages, Limit()))
            Assert.True(result.IsStored, result.Error);
    }

    public static int Number(SourceMessage message) => int.Parse(Encoding.UTF8.GetString(message.Value!.Value.Span).AsSpan(1).TrimEnd('.'));

    /// <summary>Reads so many messages.</summary>
    public static async Task<List<SourceMessage>> ReadAsync(IMessageSource source, int count)
    {
        var all = new List<SourceMessage>();
        var limit = Limit();
        while (all.Count < count)
            all.AddRange(await source.ReadAsync(count - all.Count, long.MaxValue, limit));
        return all;
    }

    /// <summary>Highest offset + 1 of each partition.</summary>
    public static List<PartitionCommit> Ends(IEnumerable<SourceMessage> messages) =>
        [.. messages.GroupBy(m => m.Partition).Select(g => new PartitionCommit(g.Key, g.Max(m => m.Offset) + 1))];

    public async Task<long> CommittedAsync(string group, string topic)
    {
        await using var admin = new KafkaAdmin(Client);
        return (await admin.DescribeLagAsync(group, [topic], Limit())).Sum(l => l.Committed ?? 0);
    }

    public async Task DeleteBeforeAsync(string topic, long offset)
    {
        using var admin = new AdminClientBuilder(Client).Build();
        await admin.DeleteRecordsAsync([new TopicPartitionOffset(topic, 0, offset)]);
    }

    public static async Task UntilAsync(Func<bool> condition)
    {
        var limit = Limit();
        while (!condition())
            await Task.Delay(20, limit);
    }
}
