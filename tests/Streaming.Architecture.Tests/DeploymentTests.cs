using System.Diagnostics.Metrics;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Streaming.Core.Messaging;
using Streaming.Core.Models;
using Streaming.Core.Sinks;
using Streaming.Core.Telemetry;
using Streaming.Core.Topology;
using YamlDotNet.RepresentationModel;

namespace Streaming.Architecture.Tests;

/// <summary>What deploys the product fits the product: files parse, images are pinned, names are those the program uses.</summary>
public sealed partial class DeploymentTests
{
    private static readonly Dictionary<string, string> NoEnvironment = [];

    public static TheoryData<string> YamlFiles => new(Repository.Files.Where(f =>
        (f == "docker-compose.yml" || f.StartsWith("deploy/", StringComparison.Ordinal)) && Path.GetExtension(f) is ".yml" or ".yaml"));

    [Theory]
    [MemberData(nameof(YamlFiles))]
    public void Yaml_EachFile_Parses(string file) => Assert.NotEmpty(Parse(file));

    [Fact]
    public void Images_EveryOne_HasATagOfItsOwn()
    {
        var images = Repository.Files
            .Where(f => f == "docker-compose.yml" || f.StartsWith("deploy/", StringComparison.Ordinal))
            .SelectMany(f => Image().Matches(Repository.Read(f)).Select(m => (File: f, Name: m.Groups["name"].Value)))
            .Where(i => i.Name != "build")
            .ToList();

        Assert.True(images.Count >= 8, $"only {images.Count} images were found");
        Assert.All(images, i =>
        {
            Assert.Contains(':', i.Name[(i.Name.LastIndexOf('/') + 1)..]);
            Assert.DoesNotContain(":latest", i.Name);
        });
    }

    [Fact]
    public void Dashboard_Metrics_AreMeasured() => AllMeasured("deploy/grafana/dashboards/streaming.json", atLeast: 20);

    [Fact]
    public void Alerts_Metrics_AreMeasured() => AllMeasured("deploy/prometheus-alerts.yml", atLeast: 5);

    [Fact]
    public void Dashboard_Json_HasQueriesInEveryPanel()
    {
        using var dashboard = JsonDocument.Parse(Repository.Read("deploy/grafana/dashboards/streaming.json"));
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().Where(p => p.GetProperty("type").GetString() != "row").ToList();

        Assert.NotEmpty(panels);
        Assert.All(panels, p => Assert.All(p.GetProperty("targets").EnumerateArray(), t => Assert.NotEmpty(t.GetProperty("expr").GetString()!)));
        Assert.Equal(panels.Count, panels.Select(p => p.GetProperty("id").GetInt32()).Distinct().Count());
    }

    [Fact]
    public void Commands_TopologiesTheyRun_Exist()
    {
        var named = Repository.Files
            .Where(f => f == "docker-compose.yml" || f.StartsWith("deploy/", StringComparison.Ordinal))
            .SelectMany(f => TopologyFile().Matches(Repository.Read(f)).Select(m => m.Value))
            .Distinct()
            .ToList();

        Assert.NotEmpty(named);
        Assert.All(named, file => Assert.True(Repository.Exists(file), file));
    }

    [Fact]
    public void ScaledObject_GroupTopicAndPartitions_AreThoseOfTheTopology()
    {
        var topology = TopologyLoader.Load(Path.Combine(Repository.Root, "topologies/reviews.yaml"), NoEnvironment).GetOrThrow().Definition;
        var spec = (YamlMappingNode)Parse("deploy/kubernetes/scaledobject.yaml")[0]["spec"];
        var trigger = (YamlMappingNode)spec["triggers"][0]["metadata"];

        Assert.Equal(topology.Source.Group, trigger["consumerGroup"].ToString());
        Assert.Equal(topology.Source.Topics[0], trigger["topic"].ToString());
        Assert.Equal(topology.Source.Partitions.ToString(), spec["maxReplicaCount"].ToString());
    }

    [Theory]
    [InlineData("minimal", "text.raw", "minimal", "minimal.dead-letter")]
    [InlineData("reviews", "reviews.raw", "reviews", "reviews.dead-letter")]
    [InlineData("news", "news.raw", "news", "news.dead-letter")]
    [InlineData("support-tickets", "tickets.raw", "support-tickets", "tickets.dead-letter")]
    public void Topologies_Shipped_LoadEmbeddedAndOnTheCluster(string name, string topic, string index, string deadLetters)
    {
        var path = Path.Combine(Repository.Root, "topologies", name + ".yaml");
        var embedded = TopologyLoader.Load(path, NoEnvironment);
        var cluster = TopologyLoader.Load(path, ClusterEnvironment());

        Assert.Empty(embedded.Diagnostics);
        Assert.Empty(cluster.Diagnostics);
        var definition = embedded.GetOrThrow().Definition;
        Assert.Equal((name, index, deadLetters), (definition.Name, definition.Sink.Index, definition.DeadLetters.Topic));
        Assert.Equal([topic], definition.Source.Topics);
        Assert.Equal((false, false), (definition.Source.UsesKafka, definition.Sink.UsesElasticsearch));
        Assert.Equal((true, true), (cluster.Topology!.Definition.Source.UsesKafka, cluster.Topology.Definition.Sink.UsesElasticsearch));
    }

    // The variables as the deployment sets them, so that a renamed one is noticed.
    private static Dictionary<string, string> ClusterEnvironment()
    {
        var data = (YamlMappingNode)Parse("deploy/kubernetes/config.yaml")[0]["data"];
        return data.ToDictionary(e => e.Key.ToString(), e => e.Value.ToString());
    }

    private static void AllMeasured(string file, int atLeast)
    {
        var measured = Measured();
        var named = Metric().Matches(Repository.Read(file)).Select(m => m.Value).Where(n => !Labels.Contains(n)).Distinct().ToList();

        Assert.True(named.Count >= atLeast, $"only {named.Count} metrics were found");
        Assert.Equal([], named.Except(measured));
    }

    private static readonly string[] Labels = ["streaming_topology", "streaming_outcome", "streaming_model_name", "streaming_model_version"];

    // Every name that /metrics can show: the exporter itself is asked.
    private static HashSet<string> Measured()
    {
        using var exporter = new PrometheusExporter();
        GC.Collect(); // the runtime tells of its last collection once there was one
        using var telemetry = new PipelineTelemetry("t");
        telemetry.Observe(() => 1, () => 1, () => TimeSpan.FromSeconds(1));
        telemetry.Read(1);
        telemetry.Ended(new OutcomeCounts(1, 1, 1, 1));
        telemetry.DeadLettered("c");
        telemetry.Superseded(1);
        telemetry.Fenced();
        telemetry.Retried("c");
        telemetry.Restarted();
        telemetry.Batch(1, 1, 2);
        telemetry.Queued(default);
        telemetry.Tokenized(default);
        telemetry.Inferred(default);
        telemetry.Decoded(default);
        telemetry.Written(default);
        telemetry.Committed(default);
        telemetry.Acknowledged(default);
        telemetry.Lag(new SourceLag(1, TimeSpan.FromSeconds(1)));
        telemetry.Model(new ModelIdentity("m", "1", new Dictionary<string, string>()));
        var kafka = Assembly.Load("Streaming.Adapters.Kafka").GetType("Streaming.Adapters.Kafka.KafkaMetrics", throwOnError: true)!;
        foreach (var counter in kafka.GetFields(BindingFlags.NonPublic | BindingFlags.Static).Select(f => f.GetValue(null)).OfType<Counter<long>>())
            counter.Add(0); // only what has been counted is shown

        var names = new HashSet<string>();
        foreach (var type in MetricType().Matches(exporter.Write()).Cast<Match>())
        {
            var name = type.Groups["name"].Value;
            string[] suffixes = type.Groups["type"].Value == "histogram" ? ["_bucket", "_sum", "_count"] : [""];
            names.UnionWith(suffixes.Select(s => name + s));
        }

        return names;
    }

    private static List<YamlNode> Parse(string file)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(Repository.Read(file)));
        return stream.Documents.Select(d => d.RootNode).ToList();
    }

    [GeneratedRegex(@"^\s*(?:-\s+)?(?:image:|FROM)\s+(?<name>\S+)", RegexOptions.Multiline)]
    private static partial Regex Image();

    [GeneratedRegex(@"\b(?:streaming|dotnet)_[a-z_]+")]
    private static partial Regex Metric();

    [GeneratedRegex(@"^# TYPE (?<name>\S+) (?<type>\S+)", RegexOptions.Multiline)]
    private static partial Regex MetricType();

    [GeneratedRegex(@"\btopologies/[a-z-]+\.yaml")]
    private static partial Regex TopologyFile();
}
