using Streaming.Adapters.Kafka;
using Streaming.Cli.CommandLine;
using Streaming.Core.Topology;

namespace Streaming.Cli.Composition;

/// <summary>Reads a topology's topics beside its own pipeline.</summary>
internal static class KafkaTopics
{
    /// <summary>A source of topics for a group.</summary>
    public static KafkaMessageSource Source(CliContext context, TopologyDefinition topology, string group, KafkaStart start, params string[] topics) => new(new KafkaSourceOptions
    {
        Client = topology.Source.Kafka,
        Topics = topics,
        Group = group,
        Start = start,
        OnNotice = context.Tell,
        Time = context.Time,
    });
}
