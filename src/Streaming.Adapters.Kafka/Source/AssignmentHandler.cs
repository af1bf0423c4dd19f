using Streaming.Core;
using Streaming.Core.Messaging;
using Streaming.Core.Telemetry;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka.Source;

/// <summary>What happens when partitions come and go. Runs on the poll thread, within the client's callbacks, which must not throw.</summary>
internal sealed class AssignmentHandler(
    KafkaSourceOptions options,
    PartitionTable table,
    SourceBuffer buffer,
    CommitPump pump,
    NoticeBoard notices,
    IAssignmentListener listener,
    AutoResetEvent wake)
{
    private const int Attempts = 3;
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(5);
    private bool _resumed;

    /// <summary>Changes so far.</summary>
    public int Count { get; private set; }

    /// <summary>True once after partitions came: they are not paused.</summary>
    public bool TakeResumed()
    {
        var resumed = _resumed;
        _resumed = false;
        return resumed;
    }

    /// <summary>Finds out where each partition goes on and tells the listener.</summary>
    public IEnumerable<Client.TopicPartitionOffset> Assigned(Client.IConsumer<byte[], byte[]> consumer, List<Client.TopicPartition> partitions)
    {
        Count++;
        _resumed = true;
        KafkaMetrics.Rebalances.Add(1);
        if (partitions.Count == 0)
            return [];

        var starts = FindStarts(consumer, partitions);
        var commits = new List<PartitionCommit>(starts.Count);
        var unknown = new HashSet<TopicPartition>();
        foreach (var start in starts)
        {
            var partition = Ours(start.TopicPartition);
            if (start.Offset.Value < 0)
                unknown.Add(partition);
            commits.Add(new PartitionCommit(partition, Math.Max(0, start.Offset.Value)));
        }

        var epoch = table.Assign(commits, unknown);
        Guard(() => listener.OnAssigned(commits, epoch));
        return starts;
    }

    /// <summary>Drains, commits, gives up.</summary>
    public void Revoked(List<Client.TopicPartitionOffset> departing, bool stopping)
    {
        Count++;
        KafkaMetrics.Rebalances.Add(1);
        var partitions = departing.ConvertAll(offset => Ours(offset.TopicPartition));
        KafkaMetrics.Stale.Add(buffer.Drop([.. partitions]));
        if (!stopping && partitions.Count > 0)
            Drain(partitions);
        pump.SendAndWait();
        table.Remove(partitions);
        pump.Drop(partitions);
    }

    /// <summary>Gives up at once: someone else may own them already.</summary>
    public void Lost(List<Client.TopicPartitionOffset> departed, bool stopping)
    {
        Count++;
        KafkaMetrics.Rebalances.Add(1);
        var partitions = departed.ConvertAll(offset => Ours(offset.TopicPartition));
        table.Remove(partitions);
        pump.Drop(partitions);
        KafkaMetrics.Stale.Add(buffer.Drop([.. partitions]));
        if (!stopping && partitions.Count > 0)
            Guard(() => listener.OnLost(partitions));
    }

    /// <summary>A committed offset is outside of its log: says so, counts, and goes on where messages are, or stops.</summary>
    public void MendOutOfRange(Client.IConsumer<byte[], byte[]> consumer, TopicPartition partition, string detail)
    {
        if (!table.TryGet(partition, out var state))
            return;
        var native = new Client.TopicPartition(partition.Topic, partition.Partition);
        if (state.Next < 0)
        {
            var start = StartOf(consumer, native);
            state.Next = start;
            MoveTo(consumer, partition, start);
            return;
        }

        var range = consumer.QueryWatermarkOffsets(native, AskTimeout);
        var (low, high, next) = (range.Low.Value, range.High.Value, state.Next);
        if (next >= low && next <= high)
        {
            MoveTo(consumer, partition, next);
            return;
        }

        var gone = next < low ? low - next : 0;
        var what = next < low
            ? $"{partition}: offsets {next} to {low - 1} are gone, {gone} messages were deleted before they were read (retention.ms or retention.bytes is too short for the lag)"
            : $"{partition}: offset {next} is behind the end {high}; the topic was made anew or lost its end";
        KafkaMetrics.Gaps.Add(1);
        KafkaMetrics.GapMessages.Add(gone);
        if (options.OutOfRange == KafkaOutOfRange.Fail)
        {
            buffer.Fail(new StreamingException(
                "kafka_offset_out_of_range",
                $"{what}. Set the group's offset (kafka-consumer-groups --reset-offsets) or let the source go on with the oldest message (out of range: earliest). {detail}".TrimEnd(),
                ExitCode.CheckFailed));
            return;
        }

        notices.Say(NoticeLevel.Error, "kafka_offset_out_of_range", what + $"; going on at {low}.");
        if (low < next)
        {
            // Offsets start anew: what is in flight belongs to a log that is no more.
            buffer.Drop([partition]);
            pump.Drop([partition]);
            Guard(() => listener.OnLost([partition]));
            var epoch = table.Assign([new PartitionCommit(partition, low)], new HashSet<TopicPartition>());
            Guard(() => listener.OnAssigned([new PartitionCommit(partition, low)], epoch));
        }
        else
        {
            state.Next = low;
        }

        MoveTo(consumer, partition, low);
    }

    /// <summary>Reads on at an offset.</summary>
    public void MoveTo(Client.IConsumer<byte[], byte[]> consumer, TopicPartition partition, long offset)
    {
        var target = new Client.TopicPartitionOffset(partition.Topic, partition.Partition, offset);
        try
        {
            consumer.Seek(target);
        }
        catch (Client.KafkaException)
        {
            // Fetching has stopped after the error, so there is nothing to seek in: assign anew, everything where it was.
            Reassign(consumer, target);
        }
    }

    private void Reassign(Client.IConsumer<byte[], byte[]> consumer, Client.TopicPartitionOffset target)
    {
        if (options.Client.GetValueOrDefault("partition.assignment.strategy", "").Contains("cooperative", StringComparison.Ordinal))
        {
            consumer.IncrementalUnassign([target.TopicPartition]);
            consumer.IncrementalAssign([target]);
            return;
        }

        var all = new List<Client.TopicPartitionOffset>();
        foreach (var partition in table.Owned())
        {
            if (table.TryGet(partition, out var state))
                all.Add(new Client.TopicPartitionOffset(partition.Topic, partition.Partition, state.Next < 0 ? Client.Offset.Stored : state.Next));
        }

        consumer.Assign(all);
        _resumed = true;
    }

    private List<Client.TopicPartitionOffset> FindStarts(Client.IConsumer<byte[], byte[]> consumer, List<Client.TopicPartition> partitions)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var starts = consumer.Committed(partitions, AskTimeout);
                var fresh = new List<PartitionCommit>();
                for (var i = 0; i < starts.Count; i++)
                {
                    if (starts[i].Offset.Value >= 0)
                        continue;
                    var start = StartOf(consumer, starts[i].TopicPartition);
                    starts[i] = new Client.TopicPartitionOffset(starts[i].TopicPartition, start);
                    fresh.Add(new PartitionCommit(Ours(starts[i].TopicPartition), start));
                }

                // "Latest" is a moment: it is written down now, or a restart before the first commit would skip what came since.
                if (options.Start != KafkaStart.Earliest && fresh.Count > 0)
                    consumer.Commit(fresh.ConvertAll(f => new Client.TopicPartitionOffset(f.Partition.Topic, f.Partition.Partition, f.NextOffset)));
                notices.Back();
                return starts;
            }
            catch (Client.KafkaException e)
            {
                if (KafkaErrors.IsAuthorization(e.Error.Code))
                    buffer.Fail(KafkaErrors.Authorization($"reading in group {options.Group}", e.Error.Reason));
                notices.Away(e.Error.Reason);
                // The client then asks itself, and what it cannot find comes back as out of range.
                if (attempt == Attempts)
                    return partitions.ConvertAll(p => new Client.TopicPartitionOffset(p, Client.Offset.Stored));
            }
        }
    }

    private long StartOf(Client.IConsumer<byte[], byte[]> consumer, Client.TopicPartition partition)
    {
        if (options.Start == KafkaStart.Timestamp)
        {
            var timestamp = new Client.Timestamp((options.StartTimestamp ?? DateTimeOffset.UnixEpoch).ToUnixTimeMilliseconds(), Client.TimestampType.CreateTime);
            var found = consumer.OffsetsForTimes([new Client.TopicPartitionTimestamp(partition, timestamp)], AskTimeout);
            if (found[0].Offset.Value >= 0)
                return found[0].Offset.Value;
        }

        var range = consumer.QueryWatermarkOffsets(partition, AskTimeout);
        return options.Start == KafkaStart.Earliest ? range.Low.Value : range.High.Value;
    }

    private void Drain(List<TopicPartition> partitions)
    {
        using var deadline = new CancellationTokenSource(options.DrainTimeout, options.Time);
        using var timer = deadline.Token.Register(() => wake.Set());
        try
        {
            var drained = listener.OnRevokingAsync(partitions, deadline.Token).AsTask();
            _ = drained.ContinueWith(_ => wake.Set(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            while (!drained.IsCompleted && !deadline.IsCancellationRequested)
            {
                pump.SendAndWait();
                wake.WaitOne(TimeSpan.FromSeconds(1));
            }

            if (drained.IsFaulted && drained.Exception.InnerException is { } fault and not OperationCanceledException)
                buffer.Fail(fault);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            buffer.Fail(e);
        }
    }

    private void Guard(Action call)
    {
        try
        {
            call();
        }
        catch (Exception e)
        {
            buffer.Fail(e);
        }
    }

    private static TopicPartition Ours(Client.TopicPartition partition) => new(partition.Topic, partition.Partition.Value);
}
