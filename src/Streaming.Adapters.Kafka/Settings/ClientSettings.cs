using Streaming.Adapters.Kafka.Native;
using Streaming.Core;

namespace Streaming.Adapters.Kafka;

/// <summary>The settings of each kind of client: the caller's, the product's defaults below them, and what is not the caller's to choose.</summary>
internal static class ClientSettings
{
    private static readonly (string Name, string Value)[] Shared =
    [
        ("client.id", "streaming"),
        ("allow.auto.create.topics", "false"),
        ("reconnect.backoff.max.ms", "2000"),
        ("socket.keepalive.enable", "true"),
    ];

    private static readonly (string Name, string Value)[] Consuming =
    [
        // A process that dies gives its partitions up in time for others to go on within half a minute.
        ("session.timeout.ms", "15000"),
    ];

    /// <summary>How long the library rests in milliseconds when its queue is full, from 2.2 on.</summary>
    private const string FetchBackoff = "5";

    // The library would read 100,000 messages or 64 MB ahead, a third of a worker's memory. What fits in here is the most that is
    // read until it looks at a full queue again: after FetchBackoff, or when FetchNudge wakes it.
    private static readonly (string Name, string Value)[] ReadingAhead =
    [
        ("queued.min.messages", "16384"),
        ("queued.max.messages.kbytes", "4096"),
    ];

    // Where it rests for a second instead: that much a second.
    private static readonly (string Name, string Value)[] ReadingFarAhead =
    [
        ("queued.min.messages", "100000"),
        ("queued.max.messages.kbytes", "16384"),
    ];

    private static readonly (string Name, string Value)[] Producing =
    [
        ("linger.ms", "5"),
        ("compression.type", "lz4"),
        ("message.timeout.ms", "60000"),
        // The library's own bound is 1 GB.
        ("queue.buffering.max.kbytes", "32768"),
        // Equal keys go where Kafka's own clients put them.
        ("partitioner", "murmur2_random"),
    ];

    /// <summary>Of a member of a group.</summary>
    public static Dictionary<string, string> Consumer(KafkaSourceOptions options)
    {
        var settings = WithDefaults(KafkaSettings.ForConsumer(KafkaSettings.Resolve(options.Client)), Shared, Consuming);
        settings["group.id"] = options.Group;
        settings["enable.auto.commit"] = "false";
        settings["enable.auto.offset.store"] = "false";
        // An offset outside of the log is an error to be told, never a silent jump.
        settings["auto.offset.reset"] = "error";
        var canTellBackoff = KafkaSettings.Knows("fetch.queue.backoff.ms", FetchBackoff);
        if (canTellBackoff)
            settings.TryAdd("fetch.queue.backoff.ms", FetchBackoff);
        foreach (var (name, value) in canTellBackoff || FetchNudge.IsOfUse(settings) ? ReadingAhead : ReadingFarAhead)
            settings.TryAdd(name, value);
        if (options.Topics.Any(topic => topic.StartsWith('^')))
            settings.TryAdd("topic.metadata.refresh.interval.ms", "30000");
        return settings;
    }

    /// <summary>Of an idempotent producer.</summary>
    public static Dictionary<string, string> Producer(KafkaProducerOptions options)
    {
        var settings = Idempotent(KafkaSettings.Resolve(options.Client));
        settings.Remove("transactional.id");
        settings.Remove("transaction.timeout.ms");
        return settings;
    }

    /// <summary>Of a producer whose every write belongs to a transaction.</summary>
    public static Dictionary<string, string> Transactional(KafkaTransactionOptions options)
    {
        var resolved = new Dictionary<string, string>(KafkaSettings.Resolve(options.Client));
        // A process that dies in a transaction holds up those who read its partitions next for so long.
        resolved.TryAdd("transaction.timeout.ms", "15000");
        resolved.TryAdd("message.timeout.ms", resolved["transaction.timeout.ms"]);
        // Of this process alone. Who was replaced is fenced by the group's generation, which goes into every transaction.
        resolved.TryAdd("transactional.id", $"{options.Group}-{Guid.NewGuid():n}");
        return Idempotent(resolved);
    }

    private static Dictionary<string, string> Idempotent(IReadOnlyDictionary<string, string> resolved)
    {
        var settings = WithDefaults(KafkaSettings.ForProducer(resolved), Shared, Producing);
        settings["enable.idempotence"] = "true";
        settings["acks"] = "all";
        return settings;
    }

    /// <summary>Makes a client. What the library finds wrong only now, such as a file that is not there, is told as a setting.</summary>
    public static T Build<T>(Func<T> build)
    {
        try
        {
            return build();
        }
        catch (InvalidOperationException e)
        {
            throw new StreamingException("kafka_setting_invalid", $"The Kafka client does not take its settings: {e.Message.TrimEnd('.')}. Mend the setting it names in the topology's source.kafka.", ExitCode.Usage, e);
        }
    }

    private static Dictionary<string, string> WithDefaults(Dictionary<string, string> settings, params (string Name, string Value)[][] defaults)
    {
        foreach (var group in defaults)
        {
            foreach (var (name, value) in group)
                settings.TryAdd(name, value);
        }

        return settings;
    }
}
