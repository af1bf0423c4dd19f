using Streaming.Core.Engine;

namespace Streaming.Core.Topology.Language;

/// <summary>Every key of a topology file: type, range, default, meaning.</summary>
internal static class TopologyLanguage
{
    public const string NamePattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$";
    public const string TopicPattern = "^(\\^.{1,200}|[A-Za-z0-9._-]{1,249})$";
    public const string PlainTopicPattern = "^[A-Za-z0-9._-]{1,249}$";
    public const string ValueNamePattern = "^[a-z][a-z0-9_]{0,63}$";
    public const string VariablePattern = "^[A-Za-z_][A-Za-z0-9_]{0,99}$";
    public const string LanguagePattern = "^[a-z]{2,3}$";

    private static readonly BatchingOptions Batching = new();
    private static readonly EnrichmentOptions Enrichment = new();

    private static readonly TextType Name = new(NamePattern, "a name of lower-case letters, digits, `.`, `_` and `-`, 1 to 100 long", 1, 100);
    private static readonly TextType Topic = new(PlainTopicPattern, "a topic name of letters, digits, `.`, `_` and `-`, 1 to 249 long", 1, 249);
    private static readonly TextType TopicOrPattern = new(TopicPattern, "a topic name of letters, digits, `.`, `_` and `-`, or a regular expression that starts with `^`", 1, 249);
    private static readonly NumberType Share = new(0, 1);
    private static readonly BooleanType Switch = new();

    private static readonly MapType ConfidencePerTask = new(
    [
        new(StageRegistry.Entities, Share, "For named entities."),
        new(StageRegistry.Topics, Share, "For topics."),
        new(StageRegistry.Sentiment, Share, "For sentiment."),
        new(StageRegistry.Aspects, Share, "For aspects."),
    ]);

    // What the delivery rules depend on is not a matter of settings.
    private static readonly Dictionary<string, string> ManagedKafkaSettings = new()
    {
        ["group.id"] = "Set `source.group`.",
        ["auto.offset.reset"] = "Set `source.start`.",
        ["enable.auto.commit"] = "Leave it away: offsets are committed when documents are acknowledged.",
        ["enable.auto.offset.store"] = "Leave it away: offsets are committed when documents are acknowledged.",
        ["auto.commit.interval.ms"] = "Leave it away: offsets are committed when documents are acknowledged.",
        ["enable.idempotence"] = "Leave it away: producers are always idempotent.",
        ["acks"] = "Leave it away: producers always wait for all replicas.",
        ["key.deserializer"] = "Leave it away: that is a setting of the Java client.",
        ["value.deserializer"] = "Leave it away: that is a setting of the Java client.",
        ["max.poll.records"] = "Set `batching.max_queue_size`: that is a setting of the Java client.",
    };

    /// <summary>The whole file.</summary>
    public static MapType Root { get; } = new(
    [
        new("name", Name, "Name of the topology; goes into every document it makes.") { Required = true },
        new("description", new TextType(MaxLength: 2000), "What it is for."),
        new("extends", new ListType(new TextType(PatternInWords: "the path of a file in this folder or below", MaxLength: 500), 1, 8, Distinct: true), "Files whose settings this one takes over and overrides; later ones win."),
        new("variables", new FreeMapType(VariablePattern, "a name of letters, digits and `_`", new Dictionary<string, string>()), "Values for `${NAME}` in this file; the environment wins."),
        new("model", Model(), "Which model."),
        new("source", Source(), "Where messages come from.") { Required = true },
        new("chain", new ChainType(), "The stages, in order.") { DefaultInWords = "every stage but `filter`" },
        new("batching", BatchingMap(), "How documents are grouped for the model, and how many may be under way."),
        new("thresholds", ConfidencePerTask, "Annotations below these are left out of the document; not set: the bundle's own."),
        new("labelling", LabellingLanguage.Map(Topic, ConfidencePerTask), "Which documents are sent to be labelled."),
        new("sink", Sink(), "Where enriched documents go."),
        new("dead_letters", DeadLetters(), "What happens to messages that cannot be enriched."),
        new("retraining", RetrainingLanguage.Retraining(Topic), "When heads, or the encoder too, are trained again from new labels."),
    ])
    {
        KnownAs = new Dictionary<string, string>
        {
            ["include"] = "extends",
            ["includes"] = "extends",
            ["pipeline"] = "chain",
            ["stages"] = "chain",
            ["pipe"] = "chain",
            ["processors"] = "chain",
            ["input"] = "source",
            ["output"] = "sink",
            ["kafka"] = "source.kafka",
            ["topics"] = "source.topics",
            ["dead_letter"] = "dead_letters",
            ["dlq"] = "dead_letters",
            ["vars"] = "variables",
            ["env"] = "variables",
        },
    };

    /// <summary>Options of a stage; empty for those that have none.</summary>
    public static MapType OptionsOf(string stage) => stage switch
    {
        "decode" => DecodeOptions,
        "filter" => FilterOptions,
        _ => NoOptions,
    };

    private static MapType NoOptions { get; } = new([]);

    private static MapType DecodeOptions { get; } = new(
    [
        new("max_message_bytes", new SizeType(1024, 256L << 20), "Larger messages become dead letters.") { Default = (long)Enrichment.MaxMessageBytes },
    ]);

    private static MapType FilterOptions { get; } = new(
    [
        new("min_text_length", new IntegerType(0, 1_000_000), "Shorter texts are left out, in UTF-16 code units without white space at the ends.") { Default = (long)Enrichment.MinTextLength },
        new("languages", new ListType(new TextType(LanguagePattern, "a language such as `en`", 2, 3), 0, 100, Distinct: true), "Languages to keep; empty keeps all, and texts without a language are always kept.") { Default = Array.Empty<object?>() },
    ]);

    private static MapType Model()
    {
        var model = new ModelSettings();
        return new MapType(
        [
            new("bundle", new TextType(MaxLength: 500), "A bundle in the model folder, `name@version`, or the path of a bundle folder.") { Default = model.Bundle },
            new("channel", new TextType("^[a-z0-9][a-z0-9._-]{0,63}$", "a name of lower-case letters, digits, `.`, `_` and `-`, 1 to 64 long", 1, 64), "Channel of the model registry to follow: what is promoted there is swapped in while the stream runs; not set: the bundle alone."),
            new("registry", new TextType(MaxLength: 500), "Folder of the model registry.") { DefaultInWords = "`registry` in the data folder" },
            new("rollout", RolloutLanguage.Rollout(), "How a new model comes into force on the channel."),
            new("keep_versions", new IntegerType(0, 1_000), "Bundles kept in the registry behind the one in force, for rollbacks; older ones that the channel had in force are deleted after a promotion, an hour after they were last in use.") { Default = 5L },
            new("device", new ChoiceType(["auto", "cpu", "cuda"]), "What it runs on.") { Default = "auto" },
            new("threads", new IntegerType(0, 256), "Threads within one model call; 0 chooses for the device.") { Default = (long)model.Threads },
            new("max_windows", new IntegerType(0, 10_000), "Windows of one document that the model sees; 0 sees all.") { Default = (long)model.MaxWindows },
        ])
        {
            KnownAs = new Dictionary<string, string> { ["name"] = "bundle", ["path"] = "bundle", ["gpu"] = "device" },
        };
    }

    private static MapType Source() => new(
    [
        new("kind", new ChoiceType(["auto", "log", "kafka"]), "`auto` is Kafka when `bootstrap.servers` is set, else the embedded log.") { Default = "auto" },
        new("topics", new ListType(TopicOrPattern, 1, 100, Distinct: true), "Topics to read.") { Required = true },
        new("group", Topic, "Consumer group.") { DefaultInWords = "the topology's name" },
        new("start", new ChoiceType(["earliest", "latest"]), "Where a group begins that has never committed.") { Default = "earliest" },
        new("partitions", new IntegerType(1, 10_000), "Partitions of topics created for this topology.") { Default = 4L },
        new("replication_factor", new IntegerType(1, 15), "Copies of topics created for this topology.") { Default = 1L },
        new("kafka", new FreeMapType("^[a-z0-9]+([._-][a-z0-9]+)*$", "names of Kafka client settings", ManagedKafkaSettings), "Settings of the Kafka client by their own names. A start looks for its broker for 6 s, or as long as `socket.connection.setup.timeout.ms` says."),
    ])
    {
        KnownAs = new Dictionary<string, string>
        {
            ["topic"] = "topics",
            ["group_id"] = "group",
            ["group.id"] = "group",
            ["consumer_group"] = "group",
            ["brokers"] = "kafka.bootstrap.servers",
            ["bootstrap_servers"] = "kafka.bootstrap.servers",
            ["bootstrap.servers"] = "kafka.bootstrap.servers",
            ["offset"] = "start",
            ["auto_offset_reset"] = "start",
        },
    };

    private static MapType BatchingMap() => new(
    [
        new("max_batch_tokens", new IntegerType(64, 65_536), "Token places of one batch: padded length × sequences.") { DefaultInWords = "measured on this machine when the model is first loaded; `streaming doctor` shows it" },
        new("max_batch_size", new IntegerType(1, 1_024), "Sequences of one batch.") { Default = (long)Batching.MaxBatchSize },
        new("max_queue_delay", new DurationType(TimeSpan.Zero, TimeSpan.FromSeconds(10)), "Longest wait of the oldest sequence for company.") { Default = Batching.MaxQueueDelay },
        new("max_queue_size", new IntegerType(1, 100_000), "Documents under way at once, from read to acknowledged.") { Default = (long)Batching.MaxQueueSize },
        new("max_queue_bytes", new SizeType(64 << 10, 4L << 30), "Bytes of messages under way at once.") { Default = Batching.MaxQueueBytes },
        new("max_concurrent_batches", new IntegerType(0, 64), "Model calls computed at once; 0 chooses for the device.") { Default = (long)Batching.MaxConcurrentBatches },
        new("share_duplicates", new IntegerType(0, 100_000), "Most recent texts whose result an exact duplicate takes instead of a model call of its own; 0 computes every document.") { Default = (long)Batching.ShareDuplicates },
        new("share_duplicates_bytes", new SizeType(64 << 10, 1L << 30), "Bytes those texts and results may hold.") { Default = Batching.ShareDuplicatesBytes },
        new("max_model_failures", new IntegerType(0, 100_000), "Different texts in a row on which the model may fail before the run stops instead of dead-lettering them; 0 never stops.") { Default = (long)Batching.MaxModelFailures },
    ])
    {
        KnownAs = new Dictionary<string, string>
        {
            ["batch_size"] = "max_batch_size",
            ["max_tokens"] = "max_batch_tokens",
            ["timeout"] = "max_queue_delay",
            ["max_wait"] = "max_queue_delay",
            ["linger"] = "max_queue_delay",
            ["concurrency"] = "max_concurrent_batches",
        },
    };

    private static MapType Sink()
    {
        var sink = new SinkSettings { Index = string.Empty };
        return new MapType(
        [
            new("kind", new ChoiceType(["auto", "index", "elasticsearch", "kafka"]), "`auto` is Elasticsearch when `url` is set, else the embedded index; `kafka` is the topic `enriched_topic`.") { Default = "auto" },
            new("index", new TextType("^[a-z0-9][a-z0-9._-]{0,199}$", "a name of lower-case letters, digits, `.`, `_` and `-`, 1 to 200 long", 1, 200), "Name of the embedded index, or write alias in Elasticsearch.") { DefaultInWords = "the topology's name" },
            new("url", new TextType("^https?://[^\\s]+$", "an address such as `https://host:9200`; several with commas between", 1, 2000), "Hosts of one Elasticsearch or OpenSearch cluster."),
            new("api_key", new TextType(), "API key.") { Secret = true },
            new("username", new TextType(), "User of basic authentication."),
            new("password", new TextType(), "Password of basic authentication.") { Secret = true },
            new("ca_file", new TextType(), "PEM file with the certificate authority to trust besides the system's."),
            new("max_bulk_documents", new IntegerType(1, 10_000), "Documents of one bulk request.") { Default = (long)sink.MaxBulkDocuments },
            new("max_bulk_bytes", new SizeType(64 << 10, 100 << 20), "Bytes of one bulk request.") { Default = sink.MaxBulkBytes },
            new("max_concurrent_bulks", new IntegerType(1, 64), "Bulk requests in flight.") { Default = (long)sink.MaxConcurrentBulks },
            new("enriched_topic", Topic, "Topic that gets a copy of every indexed document; with `kind: kafka` the documents themselves."),
            new("delivery_guarantee", new ChoiceType(["at_least_once", "exactly_once"]), "How often a document lies in `enriched_topic` after a crash, with `kind: kafka`. `exactly_once` writes documents and offsets in one Kafka transaction; read with `isolation.level=read_committed`.") { Default = "at_least_once" },
        ])
        {
            KnownAs = new Dictionary<string, string>
            {
                ["alias"] = "index",
                ["write_alias"] = "index",
                ["hosts"] = "url",
                ["urls"] = "url",
                ["user"] = "username",
                ["type"] = "kind",
            },
        };
    }

    private static MapType DeadLetters()
    {
        var deadLetters = new DeadLetterSettings { Topic = string.Empty };
        return new MapType(
        [
            new("topic", Topic, "Topic they go to.") { DefaultInWords = "the topology's name and `.dead-letter`" },
            new("max_attempts", new IntegerType(1, 100), "How often a message may be tried, redrives included.") { Default = (long)deadLetters.MaxAttempts },
        ]);
    }
}
