using System.Diagnostics.Metrics;

namespace Streaming.Adapters.Kafka;

/// <summary>What the adapter counts; meter <c>Streaming.Kafka</c>.</summary>
public static class KafkaMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Streaming.Kafka";

    private static readonly Meter Meter = new(MeterName);

    internal static readonly Counter<long> Received = Meter.CreateCounter<long>("streaming.kafka.received", "{message}", "Messages taken from the client.");
    internal static readonly Counter<long> Stale = Meter.CreateCounter<long>("streaming.kafka.stale", "{message}", "Messages dropped unread because their partition went away or they had been delivered.");
    internal static readonly Counter<long> Rebalances = Meter.CreateCounter<long>("streaming.kafka.rebalances", "{rebalance}", "Assignments that came or went.");
    internal static readonly Counter<long> CommitsLost = Meter.CreateCounter<long>("streaming.kafka.commits.lost", "{commit}", "Commits refused because the group had moved on; the messages are read again by their new owner.");
    internal static readonly Counter<long> CommitRetries = Meter.CreateCounter<long>("streaming.kafka.commits.retried", "{commit}", "Commits tried again because the coordinator was away.");
    internal static readonly Counter<long> Gaps = Meter.CreateCounter<long>("streaming.kafka.gaps", "{gap}", "Committed offsets that were outside of the log.");
    internal static readonly Counter<long> GapMessages = Meter.CreateCounter<long>("streaming.kafka.gap.messages", "{message}", "Messages that were gone before they were read.");
    internal static readonly Counter<long> Away = Meter.CreateCounter<long>("streaming.kafka.away", "{outage}", "Times all brokers were away.");
    internal static readonly Counter<long> Pauses = Meter.CreateCounter<long>("streaming.kafka.pauses", "{pause}", "Times reading was paused because the pipeline was full.");
    internal static readonly Counter<long> MaxPollExceeded = Meter.CreateCounter<long>("streaming.kafka.max_poll_exceeded", "{event}", "Times the group dropped this consumer for not polling; must stay 0.");
    internal static readonly Counter<long> Produced = Meter.CreateCounter<long>("streaming.kafka.produced", "{message}", "Messages stored.");
    internal static readonly Counter<long> Refused = Meter.CreateCounter<long>("streaming.kafka.refused", "{message}", "Messages the broker refused.");
}
