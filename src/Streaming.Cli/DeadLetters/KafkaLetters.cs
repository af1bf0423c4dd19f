using Streaming.Adapters.Kafka;
using Streaming.Cli.CommandLine;
using Streaming.Core.Messaging;
using Streaming.Core.Topology;

namespace Streaming.Cli.DeadLetters;

/// <summary>
/// Reads a dead-letter topic from its beginning to where it ends now; commits nothing. Knows what earlier redrives took: those of all letters
/// went as far as their group has committed, those that chose left a mark for each.
/// </summary>
internal static class KafkaLetters
{
    private const int BatchSize = 500;
    private const long BatchBytes = 8 * 1024 * 1024;

    /// <summary>Group in which redriving all of a topology's letters remembers how far it got.</summary>
    public static string RedriveGroup(TopologyDefinition topology) => topology.Source.Group + ".redrive";

    /// <summary>Letters that a reader wants, in the order of their partitions.</summary>
    /// <param name="context">The world.</param>
    /// <param name="topology">Whose dead letters.</param>
    /// <param name="take">Called with each letter; false ends the reading.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task ReadAsync(CliContext context, TopologyDefinition topology, Func<ShownLetter, bool> take, CancellationToken cancellationToken)
    {
        // Marks lie behind their letters, so the topic is read twice: for the marks, then for the letters.
        var marks = new HashSet<string>(StringComparer.Ordinal);
        await EachAsync(
            context, topology,
            record =>
            {
                if (DeadLetterHeaders.MarkOf(record) is { } mark)
                    marks.Add(mark);
                return true;
            },
            cancellationToken);
        var done = new Dictionary<int, long>();
        await using (var admin = new KafkaAdmin(topology.Source.Kafka, context.Time))
        {
            foreach (var lag in await admin.DescribeLagAsync(RedriveGroup(topology), [topology.DeadLetters.Topic], cancellationToken))
                done[lag.Partition] = lag.Committed ?? 0;
        }

        await EachAsync(
            context, topology,
            record =>
            {
                if (DeadLetterHeaders.FromRecord(record, out _) is not { } letter)
                    return true;
                var id = DeadLetterHeaders.IdOf(letter);
                // A redrive of all leaves those that were tried often enough.
                var isRedriven = marks.Contains(id) || (record.Offset < done.GetValueOrDefault(record.Partition.Partition) && letter.Attempts < topology.DeadLetters.MaxAttempts);
                return take(new ShownLetter(id, letter, isRedriven));
            },
            cancellationToken);
    }

    private static async Task EachAsync(CliContext context, TopologyDefinition topology, Func<SourceMessage, bool> take, CancellationToken cancellationToken)
    {
        var topic = topology.DeadLetters.Topic;
        var group = topology.Source.Group + ".dead-letters-view";
        var ends = new Dictionary<int, long>();
        await using (var admin = new KafkaAdmin(topology.Source.Kafka, context.Time))
        {
            foreach (var lag in await admin.DescribeLagAsync(group, [topic], cancellationToken))
            {
                if (lag.Messages > 0)
                    ends[lag.Partition] = lag.End;
            }
        }

        await using var source = new KafkaMessageSource(new KafkaSourceOptions { Client = topology.Source.Kafka, Topics = [topic], Group = group, Time = context.Time });
        await source.StartAsync(new NoListener(), cancellationToken);
        while (ends.Count > 0)
        {
            foreach (var record in await source.ReadAsync(BatchSize, BatchBytes, cancellationToken))
            {
                if (!take(record))
                    return;
                if (ends.TryGetValue(record.Partition.Partition, out var end) && record.Offset + 1 >= end)
                    ends.Remove(record.Partition.Partition);
            }
        }
    }

    private sealed class NoListener : IAssignmentListener
    {
        public void OnAssigned(IReadOnlyList<PartitionCommit> partitions, int epoch)
        {
        }

        public ValueTask OnRevokingAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken) => default;

        public void OnLost(IReadOnlyList<TopicPartition> partitions)
        {
        }
    }
}
