using Streaming.Core.Engine;
using Streaming.Core.Topology.Language;

namespace Streaming.Core.Topology;

/// <summary>Makes the typed topology out of validated settings, and checks what only shows when they are seen together.</summary>
internal sealed class TopologyBinder(DiagnosticBag diagnostics)
{
    public TopologyDefinition Bind(SettingMap root, IReadOnlyDictionary<string, string> variables, IReadOnlyList<StageDefinition> chain, IReadOnlyList<StageNode> stages)
    {
        var name = root.Text("name") ?? "unnamed";
        var source = Source(root.Map("source"), name);
        var sink = Sink(root.Map("sink"), name);
        var deadLetters = root.Map("dead_letters");
        var model = Model(root.Map("model"));
        var topology = new TopologyDefinition
        {
            Name = name,
            Description = root.Text("description"),
            Variables = variables,
            Model = model,
            Source = source,
            Chain = chain,
            Enrichment = Enrichment(stages),
            Batching = Batching(root.Map("batching")),
            Thresholds = Thresholds(root.Map("thresholds")),
            Sink = sink,
            DeadLetters = new DeadLetterSettings { Topic = deadLetters.Text("topic") ?? name + ".dead-letter", MaxAttempts = deadLetters.Integer("max_attempts") },
            Labelling = LabellingBinder.Bind(root.Map("labelling"), Thresholds, diagnostics),
            Retraining = RetrainingBinder.Bind(root.Map("retraining"), model, diagnostics),
        };
        if (sink.UsesKafka && !source.UsesKafka)
            diagnostics.Error(TopologyErrorCodes.Conflict, root.Map("sink").PositionOf("kind"), "`sink.kind` is `kafka`, but messages do not come from Kafka.", $"Set `source.kafka.{SourceSettings.BootstrapServers}`: documents go to the same cluster.");
        else if (sink.EnrichedTopic is not null && !source.UsesKafka)
            diagnostics.Error(TopologyErrorCodes.Conflict, root.Map("sink").PositionOf("enriched_topic"), "`sink.enriched_topic` is a topic on Kafka, but messages do not come from Kafka.", $"Set `source.kafka.{SourceSettings.BootstrapServers}`: copies go to the same cluster. Or leave it out: every document is in the index.");
        CheckTopics(root, topology);
        CheckBounds(root.Map("batching"), topology);
        CheckTasks(root.Map("thresholds"), "thresholds", topology);
        CheckTasks(root.Map("labelling").Map("below"), "labelling.below", topology);
        return topology;
    }

    private ModelSettings Model(SettingMap map) => new()
    {
        Bundle = map.Text("bundle")!,
        Channel = map.Text("channel"),
        Registry = map.Text("registry"),
        KeepVersions = map.Integer("keep_versions"),
        Rollout = RolloutLanguage.Bind(map, diagnostics),
        Device = map.Text("device") switch { "cpu" => ModelDevice.Cpu, "cuda" => ModelDevice.Cuda, _ => ModelDevice.Auto },
        Threads = map.Integer("threads"),
        MaxWindows = map.Integer("max_windows"),
    };

    private SourceSettings Source(SettingMap map, string name)
    {
        var source = new SourceSettings
        {
            Kind = map.Text("kind") switch { "log" => SourceKind.Log, "kafka" => SourceKind.Kafka, _ => SourceKind.Auto },
            Topics = map.Texts("topics"),
            Group = map.Text("group") ?? name,
            Start = map.Text("start") == "latest" ? StartPosition.Latest : StartPosition.Earliest,
            Partitions = map.Integer("partitions"),
            ReplicationFactor = map.Integer("replication_factor"),
            Kafka = map.Dictionary("kafka"),
        };
        if (source.Kind == SourceKind.Kafka && !source.Kafka.ContainsKey(SourceSettings.BootstrapServers))
        {
            diagnostics.Error(
                TopologyErrorCodes.Conflict,
                map.PositionOf("kind"),
                "`source.kind` is `kafka`, but no broker is named.",
                $"Set `source.kafka.{SourceSettings.BootstrapServers}`, e.g. to `localhost:9092`, or let `kind` be `auto`.");
        }

        if (!source.UsesKafka && source.Topics.FirstOrDefault(t => t.StartsWith('^')) is { } pattern)
        {
            diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf("topics"), $"{Quoting.Quote(pattern)} is a regular expression, which only Kafka knows.", "Name the topics.");
        }

        return source;
    }

    private SinkSettings Sink(SettingMap map, string name)
    {
        var sink = new SinkSettings
        {
            Kind = map.Text("kind") switch { "index" => SinkKind.Index, "elasticsearch" => SinkKind.Elasticsearch, "kafka" => SinkKind.Kafka, _ => SinkKind.Auto },
            Index = map.Text("index") ?? name,
            Urls = Urls(map),
            ApiKey = map.Text("api_key"),
            Username = map.Text("username"),
            Password = map.Text("password"),
            CaFile = map.Text("ca_file"),
            MaxBulkDocuments = map.Integer("max_bulk_documents"),
            MaxBulkBytes = map.Long("max_bulk_bytes"),
            MaxConcurrentBulks = map.Integer("max_concurrent_bulks"),
            EnrichedTopic = map.Text("enriched_topic"),
            IsExactlyOnce = map.Text("delivery_guarantee") == "exactly_once",
        };
        if (sink.UsesKafka && sink.EnrichedTopic is null)
        {
            diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf("kind"), "`sink.kind` is `kafka`, but no topic is named.", "Set `sink.enriched_topic`.");
        }

        if (sink.IsExactlyOnce && !sink.UsesKafka)
        {
            diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf("delivery_guarantee"), "`sink.delivery_guarantee` is `exactly_once`, which only `kind: kafka` has.", "Leave it out: the embedded index is exactly once anyway, and in Elasticsearch a replay changes nothing.");
        }

        if (sink.Kind == SinkKind.Elasticsearch && map.Text("url") is null)
        {
            diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf("kind"), "`sink.kind` is `elasticsearch`, but no host is named.", "Set `sink.url`, e.g. to `http://localhost:9200`, or let `kind` be `auto`.");
        }

        if (sink.ApiKey is not null && (sink.Username ?? sink.Password) is not null)
        {
            diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf("api_key"), "`sink.api_key` and `sink.username` or `sink.password` exclude one another.", "Keep one way to log in.");
        }
        else if ((sink.Username is null) != (sink.Password is null))
        {
            diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf(sink.Username is null ? "password" : "username"), "`sink.username` and `sink.password` need one another.", "Set both.");
        }

        return sink;
    }

    private List<Uri> Urls(SettingMap map)
    {
        var urls = new List<Uri>();
        foreach (var text in (map.Text("url") ?? string.Empty).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            {
                diagnostics.Error(TopologyErrorCodes.InvalidValue, map.PositionOf("url"), $"`sink.url` cannot have {Quoting.Quote(Secrets.MaskUrls(text))}.", "Write an address such as `https://host:9200`; several with commas between.");
            }
            else if (url.UserInfo.Length > 0)
            {
                diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf("url"), "`sink.url` names a user.", "Set `sink.username` and `sink.password`: addresses appear in logs.");
            }
            else
            {
                urls.Add(url);
            }
        }

        return urls;
    }

    private static EnrichmentOptions Enrichment(IReadOnlyList<StageNode> stages)
    {
        var options = new EnrichmentOptions();
        foreach (var stage in stages)
        {
            options = stage.Stage switch
            {
                "decode" => options with { MaxMessageBytes = stage.Options.Integer("max_message_bytes") },
                "filter" => options with { MinTextLength = stage.Options.Integer("min_text_length"), Languages = stage.Options.Texts("languages") },
                _ => options,
            };
        }

        return options;
    }

    private static BatchingOptions Batching(SettingMap map) => new()
    {
        MaxBatchTokens = map.IntegerOrNull("max_batch_tokens") ?? 0,
        MaxBatchSize = map.Integer("max_batch_size"),
        MaxQueueDelay = map.Duration("max_queue_delay")!.Value,
        MaxQueueSize = map.Integer("max_queue_size"),
        MaxQueueBytes = map.Long("max_queue_bytes"),
        MaxConcurrentBatches = map.Integer("max_concurrent_batches"),
        ShareDuplicates = map.Integer("share_duplicates"),
        ShareDuplicatesBytes = map.Long("share_duplicates_bytes"),
        MaxModelFailures = map.Integer("max_model_failures"),
    };

    private static ThresholdSettings Thresholds(SettingMap map) => new()
    {
        Entities = map.Number(StageRegistry.Entities),
        Topics = map.Number(StageRegistry.Topics),
        Sentiment = map.Number(StageRegistry.Sentiment),
        Aspects = map.Number(StageRegistry.Aspects),
    };

    // A topology that reads what it writes would feed itself for ever.
    private void CheckTopics(SettingMap root, TopologyDefinition topology)
    {
        var source = root.Map("source");
        foreach (var (path, topic) in new (string, string?)[]
        {
            ("dead_letters.topic", topology.DeadLetters.Topic),
            ("sink.enriched_topic", topology.Sink.EnrichedTopic),
            ("labelling.topic", topology.Labelling.Enabled ? topology.Labelling.Topic : null),
            ("retraining.events_topic", topology.Retraining.Enabled ? topology.Retraining.EventsTopic : null),
        })
        {
            if (topic is not null && topology.Source.Topics.Contains(topic))
            {
                diagnostics.Error(TopologyErrorCodes.Conflict, source.PositionOf("topics"), $"`source.topics` has {Quoting.Quote(topic)}, which is also `{path}`.", "A topology must not read what it writes: name another topic.");
            }
        }
    }

    private void CheckTasks(SettingMap map, string path, TopologyDefinition topology)
    {
        foreach (var task in StageRegistry.All.Where(s => s.IsAnnotation && map.IsSet(s.Name) && !topology.HasStage(s.Name)))
        {
            diagnostics.Warning(TopologyErrorCodes.UnusedSetting, map.PositionOf(task.Name), $"`{path}.{task.Name}` has no effect: the chain has no stage `{task.Name}`.", "Add the stage, or leave the setting away.");
        }
    }

    private void CheckBounds(SettingMap batching, TopologyDefinition topology)
    {
        if (topology.Enrichment.MaxMessageBytes > topology.Batching.MaxQueueBytes)
        {
            diagnostics.Error(
                TopologyErrorCodes.Conflict,
                batching.PositionOf("max_queue_bytes"),
                $"`max_message_bytes` of `decode` ({SettingText.ShowSize(topology.Enrichment.MaxMessageBytes)}) is larger than `batching.max_queue_bytes` ({SettingText.ShowSize(topology.Batching.MaxQueueBytes)}).",
                "Let the queue hold at least one message.");
        }
    }
}
