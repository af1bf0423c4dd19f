using System.Text.Json;
using Streaming.Core.Topology;
using Streaming.Core.Topology.Rendering;

namespace Streaming.Core.Tests.Topology;

/// <summary>Where settings come from: files that extend others, variables, the environment; and that secrets stay hidden.</summary>
public sealed class TopologyOriginTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("topology-").FullName;
    private readonly Dictionary<string, string> environment = [];

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Load_Extends_MergesMappingsAndReplacesLists()
    {
        Write("base.yaml", "name: base\nsource: {topics: [a, b], group: g}\nbatching: {max_batch_size: 3, max_queue_size: 9}\n");
        Write("low/other.yaml", "thresholds: {topics: 0.5}\nbatching: {max_queue_size: 10}\n");
        var top = Write("top.yaml", "extends: [base.yaml, low/other.yaml]\nname: top\nsource: {topics: [c]}\n");

        var result = TopologyLoader.Load(top, environment);
        var topology = result.GetOrThrow();

        Assert.Equal("top", topology.Name);
        Assert.Equal(["c"], topology.Definition.Source.Topics);
        Assert.Equal("g", topology.Definition.Source.Group);
        Assert.Equal((3, 10, 0.5), (topology.Definition.Batching.MaxBatchSize, topology.Definition.Batching.MaxQueueSize, topology.Definition.Thresholds.Topics));
        Assert.Equal(3, topology.Files.Count);
        Assert.EndsWith("other.yaml:2:28", Setting(topology, "batching.max_queue_size").Position.ToString());
    }

    [Fact]
    public void Load_ExtendsInACircle_SaysWhichFiles()
    {
        Write("b.yaml", "extends: a.yaml\n");
        var error = Assert.Single(TopologyLoader.Load(Write("a.yaml", "extends: b.yaml\nname: a\n"), environment).Diagnostics);

        Assert.Equal(TopologyErrorCodes.ExtendsCycle, error.Code);
        Assert.Contains("a.yaml → b.yaml → a.yaml", error.Message);
    }

    [Theory]
    [InlineData("../outside.yaml")]
    [InlineData("/etc/hostname")]
    [InlineData("low/../../outside.yaml")]
    [InlineData("link.yaml")]
    [InlineData("linked/inside.yaml")]
    public void Load_ExtendsOutsideItsFolder_IsRefused(string target)
    {
        Write("outside.yaml", "name: outside\n");
        Write("elsewhere/inside.yaml", "name: elsewhere\n");
        var top = Write("in/top.yaml", $"extends: {target}\nname: n\nsource: {{topics: [t]}}\n");
        File.CreateSymbolicLink(Path.Combine(folder, "in", "link.yaml"), Path.Combine(folder, "outside.yaml"));
        Directory.CreateSymbolicLink(Path.Combine(folder, "in", "linked"), Path.Combine(folder, "elsewhere"));

        var error = Assert.Single(TopologyLoader.Load(top, environment).Diagnostics);

        Assert.Equal(TopologyErrorCodes.ExtendsOutside, error.Code);
    }

    [Fact]
    public void Load_LongChainOfFiles_IsStopped()
    {
        for (var i = 0; i < 20; i++)
            Write($"f{i}.yaml", $"extends: f{i + 1}.yaml\n");

        Assert.Contains(TopologyLoader.Load(Path.Combine(folder, "f0.yaml"), environment).Diagnostics, d => d.Code == TopologyErrorCodes.TooComplex);
    }

    [Fact]
    public void Load_MissingFolderOrHugeFile_SaysSo()
    {
        Write("minimal.yaml", "name: n\n");
        var huge = Path.Combine(folder, "huge.yaml");
        using (var stream = File.Create(huge))
            stream.SetLength(100L * 1024 * 1024);

        Assert.Contains("Did you mean `minimal.yaml`?", Single(Path.Combine(folder, "minmal.yaml")).ToString());
        Assert.Contains("is a folder", Single(folder).Message);
        Assert.Equal(TopologyErrorCodes.FileTooLarge, Single(huge).Code);
        Assert.Equal(TopologyErrorCodes.FileTooLarge, Single("/dev/zero").Code);
        Assert.Equal(TopologyErrorCodes.FileUnreadable, Single("a\0b").Code);

        TopologyDiagnostic Single(string path) => Assert.Single(TopologyLoader.Load(path, environment).Diagnostics);
    }

    [Fact]
    public void Load_Environment_OverridesFileAndSaysSo()
    {
        environment["STREAMING__BATCHING__MAX_BATCH_TOKENS"] = "2048";
        environment["STREAMING__SOURCE__TOPICS"] = "x, y";
        environment["STREAMING__SOURCE__KAFKA__SESSION_TIMEOUT_MS"] = "45000";
        environment["STREAMING__MODEL__BUNDLE"] = "other";
        var topology = Load("name: n\nsource: {topics: [t]}\nbatching: {max_batch_tokens: 64}\n").GetOrThrow();

        Assert.Equal(2048, topology.Definition.Batching.MaxBatchTokens);
        Assert.Equal(["x", "y"], topology.Definition.Source.Topics);
        Assert.Equal("45000", topology.Definition.Source.Kafka["session.timeout.ms"]);
        Assert.Equal("other", topology.Definition.Model.Bundle);
        var setting = Setting(topology, "batching.max_batch_tokens");
        Assert.Equal((SettingOrigin.Environment, "environment variable STREAMING__BATCHING__MAX_BATCH_TOKENS"), (setting.Origin, setting.Position!.Value.ToString()));
    }

    [Fact]
    public void Load_UnknownOrWrongOverride_IsAnError()
    {
        environment["STREAMING__BATCHING__MAX_TOKENS_BATCH"] = "1";
        environment["STREAMING__BATCHING__MAX_BATCH_TOKEN"] = "1";
        environment["STREAMING__BATCHING__MAX_BATCH_SIZE"] = "many";
        var result = Load("name: n\nsource: {topics: [t]}\n");

        Assert.Equal(
            [TopologyErrorCodes.UnknownOverride, TopologyErrorCodes.UnknownOverride, TopologyErrorCodes.WrongType],
            result.Diagnostics.Select(d => d.Code).Order());
        Assert.Contains(result.Diagnostics, d => d.Hint == "Did you mean `STREAMING__BATCHING__MAX_BATCH_TOKENS`?");
    }

    [Fact]
    public void Load_Variables_EnvironmentWinsThenFileThenDefault()
    {
        environment["A"] = "from-environment";
        environment["EMPTY"] = "";
        var topology = Load("""
            name: n
            variables: {A: from-file, B: from-file, C: "x-${A}"}
            source:
              topics: ["${A}", "${B}", "${C}", "${D:-from-default}", "${EMPTY:-not-empty}", "t${EMPTY}"]
            description: $${A} stays
            sink: {url: "${NOWHERE:-}"}
            """).GetOrThrow();

        Assert.Equal(["from-environment", "from-file", "x-from-environment", "from-default", "not-empty", "t"], topology.Definition.Source.Topics);
        Assert.Equal("${A} stays", topology.Definition.Description);
        Assert.Empty(topology.Definition.Sink.Urls);
        Assert.Equal(["NOWHERE (default)"], Setting(topology, "sink.url").Variables);
    }

    [Fact]
    public void Load_BootstrapSet_UsesKafka()
    {
        const string yaml = "name: n\nsource: {topics: [t], kafka: {bootstrap.servers: \"${STREAMING_KAFKA_BOOTSTRAP:-}\"}}\nsink: {url: \"${STREAMING_ELASTICSEARCH_URL:-}\"}\n";
        var embedded = Load(yaml).GetOrThrow().Definition;
        environment["STREAMING_KAFKA_BOOTSTRAP"] = "127.0.0.1:9092";
        environment["STREAMING_ELASTICSEARCH_URL"] = "http://127.0.0.1:9200";
        var cluster = Load(yaml).GetOrThrow().Definition;

        Assert.Equal((false, false), (embedded.Source.UsesKafka, embedded.Sink.UsesElasticsearch));
        Assert.Equal((true, true), (cluster.Source.UsesKafka, cluster.Sink.UsesElasticsearch));
    }

    [Fact]
    public void Explain_Secrets_AreNeverShown()
    {
        environment["ES_PASSWORD"] = "leaked1";
        environment["PLAIN"] = "leaked2";
        var result = Load("""
            name: n
            variables: {hidden: "${ES_PASSWORD}", db_password: leaked3}
            source:
              topics: [t]
              kafka: {bootstrap.servers: "h:9", sasl.password: "${PLAIN}", ssl.key.pem: leaked4, sasl.jaas.config: "password=leaked5"}
            sink: {username: "${hidden}", password: "${ES_PASSWORD}"}
            description: ${hidden}${db_password}
            """);
        var text = new StringWriter();
        ExplainRenderer.WriteText(text, result.GetOrThrow() with { Definition = result.Topology!.Definition with { Description = null } });
        ExplainRenderer.WriteJson(text, result.Topology! with { Definition = result.Topology.Definition with { Description = null } });
        LintRenderer.WriteText(text, "n.yaml", result);

        Assert.DoesNotContain("leaked", text.ToString());
        Assert.DoesNotContain("leaked", result.Topology + result.Topology.Definition.Sink.ToString());
        Assert.Contains("***", text.ToString());
        Assert.Contains(result.Diagnostics, d => d.Code == TopologyErrorCodes.SecretInFile);
    }

    [Fact]
    public void Explain_Json_HasEverySettingWithItsOrigin()
    {
        var output = new StringWriter();
        ExplainRenderer.WriteJson(output, Load("name: n\nsource: {topics: [t]}\nbatching: {max_queue_delay: 7ms}\n").GetOrThrow());
        using var json = JsonDocument.Parse(output.ToString());
        var settings = json.RootElement.GetProperty("settings").EnumerateArray().ToDictionary(s => s.GetProperty("path").GetString()!);

        Assert.Equal("7ms", settings["batching.max_queue_delay"].GetProperty("value").GetString());
        Assert.Equal(3, settings["batching.max_queue_delay"].GetProperty("line").GetInt32());
        Assert.Equal("default", settings["batching.max_batch_tokens"].GetProperty("origin").GetString());
        Assert.Equal("n.dead-letter", settings["dead_letters.topic"].GetProperty("value").GetString());
        Assert.Equal("16MiB", settings["chain.decode.max_message_bytes"].GetProperty("value").GetString());
    }

    private TopologyLoadResult Load(string yaml) => TopologyLoader.LoadText(yaml, "t.yaml", environment);

    private static EffectiveSetting Setting(CompiledTopology topology, string path) => topology.Settings.Single(s => s.Path == path);

    private string Write(string name, string text)
    {
        var path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }
}
