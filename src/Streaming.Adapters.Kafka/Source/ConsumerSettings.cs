namespace Streaming.Adapters.Kafka.Source;

/// <summary>The settings of a consumer: the caller's, the product's defaults below them, and what is not the caller's to choose.</summary>
internal static class ConsumerSettings
{
    public static Dictionary<string, string> Build(KafkaSourceOptions options)
    {
        var settings = KafkaSettings.ForConsumer(KafkaSettings.Resolve(options.Client));
        settings["group.id"] = options.Group;
        settings["enable.auto.commit"] = "false";
        settings["enable.auto.offset.store"] = "false";
        // An offset outside of the log is an error to be told, never a silent jump.
        settings["auto.offset.reset"] = "error";

        settings.TryAdd("client.id", "streaming");
        settings.TryAdd("allow.auto.create.topics", "false");
        settings.TryAdd("reconnect.backoff.max.ms", "2000");
        settings.TryAdd("socket.keepalive.enable", "true");
        // A process that dies gives its partitions up in time for others to go on within half a minute.
        settings.TryAdd("session.timeout.ms", "15000");
        // The library would read 64 MB ahead, a third of a worker's memory. More makes a null pipeline faster, a model never.
        settings.TryAdd("queued.min.messages", "100000");
        settings.TryAdd("queued.max.messages.kbytes", "16384");
        if (options.Topics.Any(topic => topic.StartsWith('^')))
            settings.TryAdd("topic.metadata.refresh.interval.ms", "30000");
        return settings;
    }
}
