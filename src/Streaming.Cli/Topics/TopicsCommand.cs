using System.CommandLine;
using Streaming.Adapters.Kafka;
using Streaming.Adapters.Sqlite;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Telemetry;
using Streaming.Core.Topology;

namespace Streaming.Cli.Topics;

/// <summary><c>streaming topics create TOPOLOGY</c>: makes the topics that a topology needs, where they are missing.</summary>
internal static class TopicsCommand
{
    public static Command Create(CliContext context)
    {
        var file = new Argument<string>("TOPOLOGY") { Description = "Topology file or name" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var create = new Command("create", "Make the topics that a topology needs; those that are there stay as they are")
            .With(file, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var topology = TopologyFile.Load(context, parsed.GetValue(file)!).Definition;
                var topics = Needed(topology);
                var created = topology.Source.UsesKafka
                    ? await CreateOnKafkaAsync(context, topology, topics, cancellationToken)
                    : await CreateEmbeddedAsync(context, parsed.GetValue(data), topology, topics, cancellationToken);
                Write(context, parsed.GetValue(json), topology, topics, created);
                return ExitCode.Ok;
            });
        return new Command("topics", "Topics of a topology").With(create);
    }

    private static List<string> Needed(TopologyDefinition topology)
    {
        // A pattern names topics that others make.
        var topics = topology.Source.Topics.Where(static topic => !topic.StartsWith('^')).ToList();
        // The embedded store keeps dead letters in a table of their own.
        if (topology.Source.UsesKafka)
            topics.Add(topology.DeadLetters.Topic);
        if (topology.Sink.EnrichedTopic is { } enriched)
            topics.Add(enriched);
        if (topology.Labelling.Enabled)
            topics.AddRange([topology.Labelling.Topic, topology.Labelling.LabelledTopic]);
        return [.. topics.Distinct(StringComparer.Ordinal)];
    }

    private static async Task<IReadOnlyList<string>> CreateOnKafkaAsync(CliContext context, TopologyDefinition topology, List<string> topics, CancellationToken cancellationToken)
    {
        await using var admin = new KafkaAdmin(topology.Source.Kafka, context.Time);
        return await admin.CreateTopicsAsync(
            [.. topics.Select(topic => new KafkaTopic(topic, topology.Source.Partitions, (short)topology.Source.ReplicationFactor))], cancellationToken);
    }

    private static async Task<IReadOnlyList<string>> CreateEmbeddedAsync(
        CliContext context, string? data, TopologyDefinition topology, List<string> topics, CancellationToken cancellationToken)
    {
        await using var store = await DataFolder.OpenStoreAsync(context, data, cancellationToken);
        foreach (var topic in topics)
        {
            try
            {
                await store.EnsureTopicAsync(topic, topology.Source.Partitions, cancellationToken);
            }
            catch (StreamingException error) when (error.Code == "topic_partitions_differ")
            {
                context.Tell(new Notice(NoticeLevel.Warning, error.Code, error.Message));
            }
        }

        await store.RegisterTopologyAsync(topology.Name, topology.Source.Group, topology.Source.Topics, null, null, cancellationToken);
        return topics;
    }

    private static void Write(CliContext context, bool json, TopologyDefinition topology, List<string> topics, IReadOnlyList<string> created)
    {
        if (!json)
        {
            foreach (var topic in topics)
                context.Out.WriteLine(created.Contains(topic) ? topic : $"{topic} was there already");
            return;
        }

        JsonText.WriteObject(context.Out, writer =>
        {
            writer.WriteString("topology", topology.Name);
            writer.WriteStartArray("topics");
            foreach (var topic in topics)
                writer.WriteStringValue(topic);
            writer.WriteEndArray();
            if (!topology.Source.UsesKafka)
                return;
            writer.WriteStartArray("created");
            foreach (var topic in created)
                writer.WriteStringValue(topic);
            writer.WriteEndArray();
        });
    }
}
