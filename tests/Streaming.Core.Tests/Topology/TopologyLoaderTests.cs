using Streaming.Core.Topology;

namespace Streaming.Core.Tests.Topology;

public sealed class TopologyLoaderTests
{
    private const string Minimal = """
        name: minimal
        source:
          topics: [text.raw]
        """;

    private static readonly Dictionary<string, string> NoEnvironment = [];

    [Fact]
    public void LoadText_Minimal_FillsInEveryDefault()
    {
        var topology = Load(Minimal).GetOrThrow().Definition;

        Assert.Equal("minimal", topology.Name);
        Assert.Equal(["text.raw"], topology.Source.Topics);
        Assert.Equal("minimal", topology.Source.Group);
        Assert.Equal("minimal", topology.Sink.Index);
        Assert.Equal("minimal.dead-letter", topology.DeadLetters.Topic);
        Assert.False(topology.Source.UsesKafka);
        Assert.False(topology.Sink.UsesElasticsearch);
        Assert.Equal(new Engine.BatchingOptions { MaxBatchTokens = 0 }, topology.Batching);
        Assert.Equal(
            ["decode", "normalise", "tokenise", "encode", "entities", "topics", "sentiment", "aspects"],
            topology.Chain.Select(s => s.Stage));
    }

    [Fact]
    public void LoadText_SeveralMistakes_ReportsAllWithPlaceAndRemedy()
    {
        var result = Load("""
            name: My Topology
            source:
              topics: []
              grup: g
            batching:
              max_batch_tokens: 12
              max_queue_delay: 20
              batch_size: 4
            max_queue_size: 5
            """);

        Assert.False(result.IsValid);
        Assert.Equal(
            [
                "test.yaml:1:7: error invalid_value: `name` cannot be `My Topology`. Write `my-topology`: a name of lower-case letters, digits, `.`, `_` and `-`, 1 to 100 long.",
                "test.yaml:3:11: error out_of_range: `source.topics` has 0 items. From 1 to 100 are allowed.",
                "test.yaml:4:3: error unknown_key: there is no key `source.grup`. Did you mean `group`?",
                "test.yaml:6:21: error out_of_range: `batching.max_batch_tokens` cannot be `12`. Write a whole number from 64 to 65536.",
                "test.yaml:7:20: error wrong_type: `batching.max_queue_delay` cannot be `20`. Say the unit, e.g. `20ms` or `20s`.",
                "test.yaml:8:3: error unknown_key: there is no key `batching.batch_size`. Here it is called `max_batch_size`.",
                "test.yaml:9:1: error unknown_key: there is no key `max_queue_size`. It belongs under `batching`.",
            ],
            result.Diagnostics.Select(d => d.ToString()));
    }

    [Fact]
    public void LoadText_EverySetting_IsBound()
    {
        var topology = Load("""
            name: full
            description: All of it.
            model: {bundle: news@2, channel: stable, registry: reg, keep_versions: 9, device: cuda, threads: 3, max_windows: 7}
            source:
              kind: kafka
              topics: [a, ^b.*]
              group: g
              start: latest
              partitions: 12
              replication_factor: 3
              kafka: {bootstrap.servers: "h:9092", session.timeout.ms: 45000, enable.ssl.certificate.verification: true}
            chain:
              - {stage: decode, options: {max_message_bytes: 2MiB}}
              - {stage: filter, options: {min_text_length: 4, languages: [en, de]}}
              - normalise
              - tokenise
              - {stage: encode, out: states}
              - {stage: topics, in: states}
            batching:
              max_batch_tokens: 1024
              max_batch_size: 16
              max_queue_delay: 1.5s
              max_queue_size: 77
              max_queue_bytes: 32MiB
              max_concurrent_batches: 2
              share_duplicates: 5
              share_duplicates_bytes: 1MiB
              max_model_failures: 9
            thresholds: {topics: 0.25}
            labelling: {enabled: true, topic: q, labelled_topic: r, budget_per_hour: 9, budget_per_source: 3, random_share: 0.5, below: {topics: 0.75}, budget_per_day: 90, control_rate: 0.25, measure: margin, near_duplicate: 0.5, llm: {url: "https://llm/v1", model: m, input_price: 2, votes: 3, examples: fixed, max_cost_per_day: 7}}
            sink: {kind: elasticsearch, index: docs, url: "https://a:9200,https://b:9200", username: u, password: "${PW}", ca_file: ca.pem, max_bulk_documents: 10, max_bulk_bytes: 1MiB, max_concurrent_bulks: 3, enriched_topic: e}
            dead_letters: {topic: d, max_attempts: 2}
            retraining: {enabled: true, min_labels: 20, schedule: "30 3 * * *", time_zone: Europe/Berlin, drift_window: 500, test: {topics: t.jsonl}, originals: {topics: o.jsonl}, blend: {strategy: power, epochs: 3, learning_rate: 0.01, rate_decay: 1, k: 8, n: 0.5}, fine_tuning: {recipe: r.yaml, checkpoint: c, backend: onnx}, max_source_share: 0.4, max_class_drop: 0.1, max_calibration_rise: 0.2, significance: 0.01, max_replay_change: 0.3, replay_texts: 9, events_topic: ev}
            """, new() { ["PW"] = "canary" }).GetOrThrow().Definition;

        Assert.Equal(new ModelSettings { Bundle = "news@2", Channel = "stable", Registry = "reg", KeepVersions = 9, Device = ModelDevice.Cuda, Threads = 3, MaxWindows = 7 }, topology.Model);
        Assert.Equal((SourceKind.Kafka, "g", StartPosition.Latest, 12, 3), (topology.Source.Kind, topology.Source.Group, topology.Source.Start, topology.Source.Partitions, topology.Source.ReplicationFactor));
        Assert.Equal(["a", "^b.*"], topology.Source.Topics);
        Assert.Equal(("h:9092", "45000", "true"), (topology.Source.Kafka["bootstrap.servers"], topology.Source.Kafka["session.timeout.ms"], topology.Source.Kafka["enable.ssl.certificate.verification"]));
        Assert.Equal((2 * 1024 * 1024, 4), (topology.Enrichment.MaxMessageBytes, topology.Enrichment.MinTextLength));
        Assert.Equal(["en", "de"], topology.Enrichment.Languages);
        Assert.Equal(
            new Engine.BatchingOptions { MaxBatchTokens = 1024, MaxBatchSize = 16, MaxQueueDelay = TimeSpan.FromSeconds(1.5), MaxQueueSize = 77, MaxQueueBytes = 32 << 20, MaxConcurrentBatches = 2, ShareDuplicates = 5, ShareDuplicatesBytes = 1 << 20, MaxModelFailures = 9 },
            topology.Batching);
        Assert.Equal(new ThresholdSettings { Topics = 0.25 }, topology.Thresholds);
        Assert.Equal(
            new LabellingSettings
            {
                Enabled = true, Topic = "q", LabelledTopic = "r", BudgetPerHour = 9, BudgetPerSource = 3, RandomShare = 0.5, Below = new ThresholdSettings { Topics = 0.75 },
                BudgetPerDay = 90, ControlRate = 0.25, Measure = "margin", NearDuplicate = 0.5,
                Llm = new LlmSettings { Url = new Uri("https://llm/v1"), Model = "m", InputPrice = 2, Votes = 3, NearestExamples = false, MaxCostPerDay = 7 },
            },
            topology.Labelling);
        Assert.Equal(["https://a:9200/", "https://b:9200/"], topology.Sink.Urls.Select(u => u.ToString()));
        Assert.Equal(("docs", "u", "canary", "ca.pem", 10, 1L << 20, 3, "e"), (topology.Sink.Index, topology.Sink.Username, topology.Sink.Password, topology.Sink.CaFile, topology.Sink.MaxBulkDocuments, topology.Sink.MaxBulkBytes, topology.Sink.MaxConcurrentBulks, topology.Sink.EnrichedTopic));
        Assert.Equal(new DeadLetterSettings { Topic = "d", MaxAttempts = 2 }, topology.DeadLetters);
        Assert.Equal(
            new RetrainingSettings
            {
                Enabled = true, MinLabels = 20, Schedule = "30 3 * * *", TimeZone = "Europe/Berlin", DriftWindow = 500, Test = new TaskFiles { Topics = "t.jsonl" }, Originals = new TaskFiles { Topics = "o.jsonl" },
                Blend = new BlendSection { Strategy = "power", Epochs = 3, LearningRate = 0.01, RateDecay = 1, K = 8, N = 0.5 },
                FineTuning = new FineTuningSection { Recipe = "r.yaml", Checkpoint = "c", Backend = "onnx" },
                MaxSourceShare = 0.4, MaxClassDrop = 0.1, MaxCalibrationRise = 0.2, Significance = 0.01, MaxReplayChange = 0.3, ReplayTexts = 9, EventsTopic = "ev",
            },
            topology.Retraining);
        Assert.Equal([("encode", "tokens", "states"), ("topics", "states", "topics")], topology.Chain.Skip(4).Select(s => (s.Stage, s.In, s.Out)));
        Assert.True(topology.HasStage("topics"));
        Assert.False(topology.HasStage("entities"));
    }

    [Theory]
    [InlineData("source: {topics: [t], kind: kafka}", "conflict", "bootstrap.servers")]
    [InlineData("source: {topics: [t]}\nsink: {enriched_topic: copies}", "conflict", "sink.enriched_topic")]
    [InlineData("source: {topics: [t]}\nsink: {kind: kafka, enriched_topic: copies}", "conflict", "sink.kind")]
    [InlineData("source: {topics: [^t.*]}", "conflict", "regular expression")]
    [InlineData("source: {topics: [t], kafka: {enable.auto.commit: true}}", "conflict", "Leave it away")]
    [InlineData("source: {topics: [n.dead-letter]}", "conflict", "`dead_letters.topic`")]
    [InlineData("source: {topics: [t]}\nsink: {kind: elasticsearch}", "conflict", "sink.url")]
    [InlineData("source: {topics: [t]}\nsink: {username: u}", "conflict", "Set both")]
    [InlineData("source: {topics: [t]}\nsink: {api_key: \"${K}\", username: u, password: \"${K}\"}", "conflict", "Keep one way")]
    [InlineData("source: {topics: [t]}\nsink: {url: \"https://u:canary@host\"}", "conflict", "names a user")]
    [InlineData("source: {topics: [t]}\nretraining: {enabled: true}", "conflict", "model.channel")]
    [InlineData("source: {topics: [t]}\nmodel: {channel: stable}\nretraining: {enabled: true}", "conflict", "retraining.test")]
    [InlineData("source: {topics: [t]}\nretraining: {drift_window: 7}", "conflict", "50 or more")]
    [InlineData("source: {topics: [t]}\nretraining: {fine_tuning: {backend: onnx}}", "conflict", "names no recipe")]
    [InlineData("source: {topics: [t]}\nlabelling: {topic: a, labelled_topic: a}", "conflict", "both go to")]
    [InlineData("source: {topics: [t]}\nlabelling: {llm: {url: \"https://host/v1\", input_price: 1}}", "conflict", "there is no model")]
    [InlineData("source: {topics: [t]}\nlabelling: {llm: {url: \"https://host/v1\", model: m}}", "conflict", "no cap on cost could hold")]
    [InlineData("source: {topics: [t]}\nlabelling: {llm: {url: \"http://host/v1\", model: m, input_price: 1}}", "conflict", "is not encrypted")]
    [InlineData("source: {topics: [t]}\nlabelling: {llm: {url: \"https://u:canary@host/v1\", model: m, input_price: 1}}", "conflict", "names a user")]
    [InlineData("source: {topics: [t]}\nbatching: {max_queue_bytes: 1MiB}", "conflict", "at least one message")]
    [InlineData("source: {topics: [t, t]}", "duplicate_item", "twice")]
    [InlineData("source: {topics: [t]}\nsource: {topics: [u]}", "duplicate_key", "line 2")]
    [InlineData("source: {topics: [t]}\nbatching: {max_queue_delay: 1h}", "out_of_range", "from 0ms to 10s")]
    [InlineData("source: {topics: [t]}\nbatching: {max_queue_bytes: 64 MB}", "wrong_type", "64MiB")]
    [InlineData("source: {topics: [t]}\nlabelling: {enabled: yes}", "wrong_type", "Write `true`.")]
    [InlineData("source: {topics: [t]}\nbatching: {max_batch_size: \"4\"}", "wrong_type", "Leave the quotes away.")]
    [InlineData("source: {topics: [t]}\ndescription: 2024", "wrong_type", "Put it into quotes")]
    [InlineData("source: {topics: [t]}\nmodel: {device: gpu}", "invalid_value", "`auto`, `cpu`, `cuda`")]
    [InlineData("source: {topics: [t]}\nsink:", "wrong_type", "leave the key away")]
    [InlineData("source: {topics: [t]}\ndescription: ${HOTS}", "undefined_variable", "Set it")]
    [InlineData("source: {topics: [t]}\nvariables: {HOST: a}\ndescription: ${HOTS}", "undefined_variable", "Did you mean `HOST`?")]
    [InlineData("source: {topics: [t]}\ninclude: a.yaml", "unknown_key", "`extends`")]
    [InlineData("source: {topics: [t]}\nchain: [decode, normalise, tokenise, encode, ner]", "unknown_stage", "`entities`")]
    [InlineData("source: {topics: [t]}\nchain: [decode, normalise, tokenise, encode, topcis]", "unknown_stage", "`topics`")]
    [InlineData("source: {topics: [t]}\nchain: [decode, tokenise, encode, topics]", "missing_input", "Put the stage `normalise` before it.")]
    [InlineData("source: {topics: [t]}\nchain: [decode, normalise, encode, tokenise, topics]", "missing_input", "Put the stage `tokenise` before it.")]
    [InlineData("source: {topics: [t]}\nchain: [decode, normalise, tokenise, encode, {stage: topics, in: featuers}]", "missing_input", "Did you mean `features`?")]
    [InlineData("source: {topics: [t]}\nchain: [decode, normalise, tokenise, encode, {stage: topics, in: tokens}]", "wrong_input", "It can read `features`.")]
    [InlineData("source: {topics: [t]}\nchain: [decode, normalise, tokenise, encode, {stage: topics, out: labels}]", "wrong_input", "Leave `out` away.")]
    [InlineData("source: {topics: [t]}\nchain: [decode, normalise, {stage: tokenise, out: clean}, encode, topics]", "duplicate_output", "another name")]
    [InlineData("source: {topics: [t]}\nchain: [decode, normalise, tokenise, encode, topics, topics]", "duplicate_stage", "Keep one")]
    [InlineData("source: {topics: [t]}\nchain: [decode, normalise, tokenise, encode]", "no_annotation", "`entities`")]
    public void LoadText_Mistake_HasCodeAndRemedy(string yaml, string code, string says)
    {
        var result = Load("name: n\n" + yaml, new() { ["K"] = "canary" });

        Assert.False(result.IsValid);
        Assert.Contains(result.Diagnostics, d => d.Code == code && d.ToString().Contains(says, StringComparison.Ordinal));
        Assert.DoesNotContain(result.Diagnostics, d => d.ToString().Contains("canary", StringComparison.Ordinal));
    }

    [Fact]
    public void LoadText_StageWhoseOutputNobodyReads_Warns()
    {
        var result = Load(Minimal + "\nchain: [decode, normalise, tokenise, encode, {stage: filter, in: text, out: kept}, topics]");

        Assert.True(result.IsValid);
        var warning = Assert.Single(result.Diagnostics);
        Assert.Equal((DiagnosticSeverity.Warning, TopologyErrorCodes.UnusedOutput), (warning.Severity, warning.Code));
    }

    [Fact]
    public void LoadText_ThresholdOfAStageThatIsNotThere_Warns()
    {
        var result = Load(Minimal + "\nchain: [decode, normalise, tokenise, encode, topics]\nthresholds: {topics: 0.5, entities: 0.5}");

        Assert.True(result.IsValid);
        Assert.Equal("test.yaml:5:37: warning unused_setting: `thresholds.entities` has no effect: the chain has no stage `entities`. Add the stage, or leave the setting away.", Assert.Single(result.Diagnostics).ToString());
    }

    [Fact]
    public void GetOrThrow_Wrong_ListsEveryError()
    {
        var exception = Assert.Throws<StreamingException>(() => Load("name: N\nfoo: 1\n").GetOrThrow());

        Assert.Equal(("invalid_topology", ExitCode.Usage), (exception.Code, exception.ExitCode));
        Assert.Equal(4, exception.Message.Split('\n').Length);
    }

    private static TopologyLoadResult Load(string yaml, Dictionary<string, string>? environment = null) =>
        TopologyLoader.LoadText(yaml, "test.yaml", environment ?? NoEnvironment);
}
