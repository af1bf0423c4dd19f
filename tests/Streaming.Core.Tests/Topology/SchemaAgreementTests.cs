using Streaming.Core.Topology;
using Streaming.Core.Topology.Testing;
using Streaming.Testing;

namespace Streaming.Core.Tests.Topology;

/// <summary>Editors see the schema, <c>streaming run</c> the loader: what one accepts the other must accept.</summary>
public sealed class SchemaAgreementTests
{
    /// <summary>Set to 1 to write the schemas anew after the language has changed.</summary>
    private const string UpdateVariable = "STREAMING_UPDATE_SCHEMAS";

    private static readonly Dictionary<string, string> NoEnvironment = [];

    // What a schema cannot say: sums over several settings, and ranges of values that carry a unit.
    private static readonly HashSet<string> BeyondSchema =
    [
        TopologyErrorCodes.Conflict, TopologyErrorCodes.MissingInput, TopologyErrorCodes.WrongInput, TopologyErrorCodes.DuplicateOutput,
        TopologyErrorCodes.DuplicateStage, TopologyErrorCodes.NoAnnotation, TopologyErrorCodes.UndefinedVariable, TopologyErrorCodes.ExtendsOutside,
        TopologyErrorCodes.InvalidVariable,
    ];

    private static readonly string[] Values =
    [
        "12", "-1", "0", "1", "0.5", "1.5", "99999999999", "1e400", ".5", "true", "yes", "~", "", "\"\"", "\"12\"", "text", "\"a b\"", "UPPER", "auto", "kafka", "cpu", "latest",
        "20ms", "5m", "2h", "64MiB", "10 MB", "[]", "{}", "[a]", "[a, a]", "[a, 1]", "[\"x y\"]", "{a: b}", "[[a]]", "http://localhost:9200", "en", "0x10", "12_000", "1:30",
    ];

    [Theory]
    [InlineData("topology.v1.json")]
    [InlineData("topology-tests.v1.json")]
    public void Schema_OnDisk_IsWhatTheLanguageSays(string name)
    {
        var path = SchemaPath(name);
        var written = name == "topology.v1.json" ? TopologySchema.Topology() : TopologySchema.Tests();
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
            File.WriteAllText(path, written);

        Assert.True(File.ReadAllText(path) == written, $"schemas/{name} is not what the language says: run the tests once with {UpdateVariable}=1.");
    }

    [Fact]
    public void Loader_AnySettingWithAnyValue_AgreesWithSchema()
    {
        var validator = JsonSchemaValidator.Parse(TopologySchema.Topology());
        var disagreements = new List<string>();
        var compared = 0;
        foreach (var yaml in Corpus())
        {
            compared++;
            var schemaAccepts = validator.Validate(YamlToJson.Convert(yaml)).Count == 0;
            var result = TopologyLoader.LoadText(yaml, "t", NoEnvironment);
            var errors = result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).ToList();
            var excused = errors.Count > 0 && errors.TrueForAll(e => BeyondSchema.Contains(e.Code) || IsRangeWithUnit(e) || IsCommaList(e));
            if (schemaAccepts ? !result.IsValid && !excused : result.IsValid)
                disagreements.Add($"schema {(schemaAccepts ? "accepts" : "refuses")}, loader says {string.Join(" | ", errors.Select(e => e.ToString()))}:\n{yaml}");
        }

        Assert.True(compared > 1_500, $"only {compared} files were compared");
        Assert.True(disagreements.Count == 0, $"{disagreements.Count} of {compared} disagree:\n{string.Join("\n---\n", disagreements.Take(10))}");
    }

    [Theory]
    [InlineData("minimal")]
    [InlineData("reviews")]
    [InlineData("news")]
    [InlineData("support-tickets")]
    public void Shipped_Topologies_FitTheirSchemas(string name)
    {
        var folder = Path.Combine(SharedFolder.RepositoryRoot, "topologies");
        var topology = YamlToJson.Convert(File.ReadAllText(Path.Combine(folder, name + ".yaml")));
        var tests = YamlToJson.Convert(File.ReadAllText(Path.Combine(folder, name + ".tests.yaml")));

        Assert.Empty(JsonSchemaValidator.Parse(TopologySchema.Topology()).Validate(topology));
        Assert.Empty(JsonSchemaValidator.Parse(TopologySchema.Tests()).Validate(tests));
        Assert.Empty(TopologyTestLoader.Load(Path.Combine(folder, name + ".tests.yaml")).Diagnostics);
    }

    private static bool IsRangeWithUnit(TopologyDiagnostic error) =>
        error.Code == TopologyErrorCodes.OutOfRange && error.Hint?.Contains("e.g. `", StringComparison.Ordinal) == true;

    private static bool IsCommaList(TopologyDiagnostic error) => error.Message.Contains("sink.url", StringComparison.Ordinal);

    private static IEnumerable<string> Corpus()
    {
        string[] paths =
        [
            "name", "description", "extends", "variables", "variables.x", "model", "model.bundle", "model.device", "model.threads", "model.max_windows", "model.keep_versions", "model.name",
            "source.kind", "source.topics", "source.group", "source.start", "source.partitions", "source.replication_factor", "source.kafka", "source.kafka.acks",
            "source.kafka.linger.ms", "source.kafka.BAD", "batching", "batching.max_batch_tokens", "batching.max_batch_size", "batching.max_queue_delay",
            "batching.max_queue_size", "batching.max_queue_bytes", "batching.max_concurrent_batches", "batching.share_duplicates", "batching.share_duplicates_bytes", "batching.max_model_failures", "batching.nonsense", "thresholds.entities", "thresholds.none",
            "labelling.enabled", "labelling.topic", "labelling.budget_per_hour", "labelling.random_share", "labelling.below", "labelling.below.topics", "labelling.measure", "labelling.near_duplicate", "labelling.control_rate", "labelling.budget_per_day",
            "labelling.llm", "labelling.llm.url", "labelling.llm.network", "labelling.llm.votes", "labelling.llm.timeout", "labelling.llm.input_price", "labelling.llm.api_key",
            "sink", "sink.kind", "sink.index", "sink.url", "sink.password", "sink.max_bulk_bytes", "sink.enriched_topic", "dead_letters", "dead_letters.topic",
            "dead_letters.max_attempts", "retraining.every", "retraining.max_class_drop", "retraining.max_calibration_rise", "retraining.min_labels", "chain", "nothing",
        ];
        foreach (var path in paths)
        {
            foreach (var value in Values)
                yield return With(path, value);
        }

        string[] chains =
        [
            "[decode, normalise, tokenise, encode, topics]",
            "[{stage: decode}, normalise, tokenise, encode, topics]",
            "[{stage: decode, options: {max_message_bytes: 1MiB}}, normalise, tokenise, encode, topics]",
            "[{stage: decode, options: {max_message_bytes: 12}}, normalise, tokenise, encode, topics]",
            "[{stage: decode, options: {min_text_length: 12}}, normalise, tokenise, encode, topics]",
            "[decode, {stage: filter, options: {languages: [en, de]}}, normalise, tokenise, encode, topics]",
            "[decode, {stage: filter, options: {languages: [english]}}, normalise, tokenise, encode, topics]",
            "[decode, {stage: filter, in: text, out: text}, normalise, tokenise, encode, topics]",
            "[decode, {stage: filter, in: 5}, normalise, tokenise, encode, topics]",
            "[decode, {stage: filter, in: Text}, normalise, tokenise, encode, topics]",
            "[decode, normalise, tokenise, encode, {stage: topics, out: others}]",
            "[decode, normalise, tokenise, encode, {stage: topics, options: {a: 1}}]",
            "[decode, normalise, tokenise, encode, {stage: topics, when: now}]",
            "[decode, normalise, tokenise, encode, {in: features}]",
            "[decode, normalise, tokenise, encode, ner]",
            "[decode, normalise, tokenise, encode, {stage: ner}]",
            "[decode, normalise, tokenise, encode, [topics]]",
            "[decode, normalise, tokenise, encode, ~]",
        ];
        foreach (var chain in chains)
            yield return With("chain", chain);
    }

    // A file that is right but for one setting.
    private static string With(string path, string value)
    {
        var lines = new List<string>();
        var parts = path.StartsWith("source.kafka.", StringComparison.Ordinal) ? ["source", "kafka", path["source.kafka.".Length..]] : path.Split('.');
        if (path != "name")
            lines.Add("name: n");
        if (parts[0] != "source")
            lines.Add("source: {topics: [t]}");
        for (var i = 0; i < parts.Length; i++)
        {
            lines.Add(new string(' ', 2 * i) + parts[i] + ":" + (i == parts.Length - 1 ? " " + value : string.Empty));
            if (i == 0 && parts[0] == "source" && path != "source.topics")
                lines.Add("  topics: [t]");
        }

        return string.Join('\n', lines) + "\n";
    }

    private static string SchemaPath(string name) => Path.Combine(SharedFolder.RepositoryRoot, "schemas", name);
}
