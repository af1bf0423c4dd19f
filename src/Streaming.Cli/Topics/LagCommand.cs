using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Streaming.Adapters.Kafka;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Cli.Status;
using Streaming.Core;
using Streaming.Core.Topology;

namespace Streaming.Cli.Topics;

/// <summary><c>streaming lag TOPOLOGY</c>: how far a topology is behind, in messages and in time, whether or not it runs.</summary>
internal static class LagCommand
{
    public static Command Create(CliContext context)
    {
        var file = new Argument<string>("TOPOLOGY") { Description = "Topology file or name" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("lag", "How far a topology is behind, in messages and in time")
            .With(file, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var topology = TopologyFile.Load(context, parsed.GetValue(file)!).Definition;
                IReadOnlyList<KafkaPartitionLag> partitions = [];
                long messages;
                TimeSpan? age;
                if (topology.Source.UsesKafka)
                {
                    partitions = await GroupLag.DescribeAsync(topology, context.Time, cancellationToken);
                    messages = partitions.Sum(static partition => partition.Messages);
                    age = partitions.Max(static partition => partition.Age);
                }
                else
                {
                    (messages, age) = await ReadEmbeddedAsync(context, parsed.GetValue(data), topology, cancellationToken);
                }

                if (parsed.GetValue(json))
                    WriteJson(context.Out, topology, messages, age, partitions);
                else
                    WriteText(context.Out, messages, age, partitions);
                return ExitCode.Ok;
            });
    }

    private static async Task<(long Messages, TimeSpan? Age)> ReadEmbeddedAsync(CliContext context, string? data, TopologyDefinition topology, CancellationToken cancellationToken)
    {
        await using var store = await DataFolder.OpenExistingStoreAsync(context, data, cancellationToken);
        var known = store is null ? [] : await store.GetStatusAsync(cancellationToken);
        return known.FirstOrDefault(status => status.Topology == topology.Name) is { } status
            ? (status.Backlog, status.OldestAge)
            : throw new StreamingException(
                "topology_not_run", $"the topology {topology.Name} has never run in {DataFolder.Resolve(context, data)}, so nothing is known of its lag; start it with: streaming run", ExitCode.CheckFailed);
    }

    private static void WriteText(TextWriter output, long messages, TimeSpan? age, IReadOnlyList<KafkaPartitionLag> partitions)
    {
        foreach (var lag in partitions)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{lag.Topic}-{lag.Partition}  committed {lag.Committed?.ToString("#,0", CultureInfo.InvariantCulture) ?? "–"} of {lag.End:#,0}, {lag.Messages:#,0} behind{Old(lag.Age)}"));
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{messages:#,0} messages behind{Old(age)}"));
    }

    private static string Old(TimeSpan? age) => age is { } value ? string.Create(CultureInfo.InvariantCulture, $", the oldest {value.TotalSeconds:#,0.0} s old") : "";

    private static void WriteJson(TextWriter output, TopologyDefinition topology, long messages, TimeSpan? age, IReadOnlyList<KafkaPartitionLag> partitions) =>
        JsonText.WriteObject(output, json =>
        {
            json.WriteString("topology", topology.Name);
            json.WriteString("group", topology.Source.Group);
            json.WriteNumber("messages", messages);
            WriteAge(json, age);
            if (partitions.Count == 0)
                return;
            json.WriteStartArray("partitions");
            foreach (var lag in partitions)
            {
                json.WriteStartObject();
                json.WriteString("topic", lag.Topic);
                json.WriteNumber("partition", lag.Partition);
                if (lag.Committed is { } committed)
                    json.WriteNumber("committed", committed);
                json.WriteNumber("end", lag.End);
                json.WriteNumber("messages", lag.Messages);
                WriteAge(json, lag.Age);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });

    private static void WriteAge(Utf8JsonWriter json, TimeSpan? age)
    {
        if (age is { } value)
            json.WriteNumber("seconds", Math.Round(value.TotalSeconds, 3));
    }
}
