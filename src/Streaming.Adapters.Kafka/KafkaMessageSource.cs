using Streaming.Adapters.Kafka.Native;
using Streaming.Adapters.Kafka.Source;
using Streaming.Core;
using Streaming.Core.Messaging;
using Streaming.Core.Telemetry;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka;

/// <summary>
/// One member of a consumer group. A thread of its own polls, whatever the pipeline does, so that the group never
/// drops this member: a full buffer pauses fetching, not polling. Offsets are committed when asked, never by themselves.
/// </summary>
/// <remarks>
/// On a rebalance messages of departing partitions that were not handed out yet are dropped, then the listener
/// finishes and commits what is in flight, then the partitions are given up; a new assignment has a new epoch.
/// </remarks>
public sealed class KafkaMessageSource : IMessageSource
{
    private const int PollMessages = 512;
    private const int PollMilliseconds = 500;
    private static readonly TimeSpan WaitBeforePause = TimeSpan.FromMilliseconds(500);

    private readonly KafkaSourceOptions _options;
    private readonly Dictionary<string, string> _settings;
    private readonly NoticeBoard _notices;
    private readonly BrokerWatch _watch;
    private readonly SourceBuffer _buffer;
    private readonly PartitionTable _table = new();
    private readonly CommitPump _pump;
    private readonly AutoResetEvent _wake = new(false);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<TopicPartition> _rewind = [];
    private readonly Dictionary<TopicPartition, string> _outOfRange = [];
    private Client.IConsumer<byte[], byte[]>? _consumer;
    private ConsumerQueue? _queue;
    private AssignmentHandler? _assignments;
    private readonly LastError _startError = new();
    private int _rebalancesAtPoll;
    private volatile bool _stopping;
    private volatile bool _pollStarted;
    private bool _started;

    /// <summary>A source; nothing is connected before <see cref="StartAsync"/>.</summary>
    /// <exception cref="StreamingException">A setting does not exist or has a wrong value; every one is named.</exception>
    public KafkaMessageSource(KafkaSourceOptions options)
    {
        _options = options;
        if (options.Topics.Count == 0 || options.Topics.Any(string.IsNullOrWhiteSpace))
            throw new StreamingException("kafka_setting_invalid", "A Kafka source needs at least one topic name.");
        if (string.IsNullOrWhiteSpace(options.Group))
            throw new StreamingException("kafka_setting_invalid", "A Kafka source needs a group.");
        _settings = ClientSettings.Consumer(options);
        _notices = new NoticeBoard(options.OnNotice, KafkaSettings.Servers(_settings));
        _watch = new BrokerWatch(_notices, options.Time);
        _buffer = new SourceBuffer(options.MaxBufferedMessages, options.MaxBufferedBytes);
        _pump = new CommitPump(_table, (commits, wait) => _queue!.Commit(commits, options.CommitMetadata, wait), options.Time);
        if (_settings.GetValueOrDefault("partition.assignment.strategy", "").Contains("cooperative", StringComparison.Ordinal)
            && KafkaLibrary.Load().StartsWith("2.0.", StringComparison.Ordinal))
        {
            _notices.Say(
                NoticeLevel.Warning,
                "kafka_cooperative_unreliable",
                $"partition.assignment.strategy=cooperative-sticky is unreliable with librdkafka {KafkaLibrary.Load()}; use range or roundrobin, or a newer library.");
        }
    }

    /// <summary>Partitions owned now.</summary>
    public int AssignedPartitions => _table.Owned().Count;

    /// <inheritdoc/>
    public async ValueTask StartAsync(IAssignmentListener listener, CancellationToken cancellationToken)
    {
        if (_started)
            throw new InvalidOperationException("The source was started before: this is a bug.");
        _started = true;
        _assignments = new AssignmentHandler(_options, _table, _buffer, _pump, _notices, listener, _wake);
        _consumer = ClientSettings.Build(new Client.ConsumerBuilder<byte[], byte[]>(_settings)
            .SetLogHandler(static (_, _) => { })
            .SetErrorHandler((_, error) => OnError(error))
            .SetOffsetsCommittedHandler((_, committed) => OnCommitted(committed))
            .SetPartitionsAssignedHandler((consumer, partitions) => _assignments.Assigned(consumer, partitions))
            .SetPartitionsRevokedHandler((consumer, partitions) => _assignments.Revoked(partitions, _stopping))
            .SetPartitionsLostHandler((consumer, partitions) => _assignments.Lost(partitions, _stopping))
            .Build);
        _queue = new ConsumerQueue(_consumer.Handle, PollMessages);

        await Task.Run(
            () => StartCheck.Run(_consumer.Handle, _options.Topics, _settings, _options.StartTimeout, _options.Time, PollForErrors, cancellationToken),
            cancellationToken).ConfigureAwait(false);
        _consumer.Subscribe(_options.Topics);
        _pollStarted = true;
        new Thread(Run) { IsBackground = true, Name = "kafka poll" }.Start();
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SourceMessage>> ReadAsync(int maxMessages, long maxBytes, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_buffer.Take(Math.Max(1, maxMessages), maxBytes, out var wait) is { } messages)
            {
                if (_buffer.HasRoom)
                    _wake.Set();
                return messages;
            }

            await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask CommitAsync(IReadOnlyList<PartitionCommit> commits, CancellationToken cancellationToken)
    {
        var ours = _table.Request(commits);
        if (ours.Count == 0 || _stopping)
            return;
        var done = _pump.Enqueue(ours);
        WakePoll();
        await done.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>This member as the group knows it now: what a transaction that carries offsets must show.</summary>
    internal Client.IConsumerGroupMetadata Membership() =>
        _consumer?.ConsumerGroupMetadata ?? throw new InvalidOperationException("The source has not started: this is a bug.");

    /// <summary>Offsets that a transaction has stored.</summary>
    internal void Stored(IReadOnlyList<PartitionCommit> commits)
    {
        foreach (var commit in commits)
            _table.Committed(commit.Partition, commit.NextOffset);
        _notices.Back();
    }

    /// <inheritdoc/>
    public async ValueTask<SourceLag> GetLagAsync(CancellationToken cancellationToken)
    {
        if (_consumer is not { } consumer)
            return new SourceLag(0, null);
        long messages = 0;
        DateTimeOffset? oldest = null;
        foreach (var (partition, committed, timestamp) in _table.Progress())
        {
            var high = await HighAsync(consumer, partition, cancellationToken).ConfigureAwait(false);
            var behind = high < 0 || committed < 0 ? 0 : Math.Max(0, high - committed);
            messages += behind;
            if (behind > 0 && timestamp is { } time && (oldest is null || time < oldest))
                oldest = time;
        }

        TimeSpan? age = oldest is { } since ? _options.Time.GetUtcNow() - since : null;
        return new SourceLag(messages, age < TimeSpan.Zero ? TimeSpan.Zero : age);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_stopping)
            return;
        _stopping = true;
        WakePoll();
        if (_pollStarted)
            await _ended.Task.ConfigureAwait(false);
        _pump.Stop();
        await _watch.DisposeAsync().ConfigureAwait(false);
        _queue?.Dispose();
        _consumer?.Dispose();
    }

    private void Run()
    {
        var consumer = _consumer!;
        var queue = _queue!;
        var result = new PollResult();
        var nudge = FetchNudge.IsOfUse(_settings) ? new FetchNudge(NativeHandle.Of(consumer.Handle), _options.Time) : null;
        var paused = false;
        var fullSince = 0L;
        Func<TopicPartition, long, DateTimeOffset, int> accept = Accept;
        try
        {
            while (!_stopping)
            {
                _pump.Send();
                // The client remembers a pause of a partition that went while it was paused, and would go on with it when
                // the partition comes back: whatever is assigned starts unpaused.
                if (_assignments!.TakeResumed())
                {
                    consumer.Resume(consumer.Assignment);
                    paused = false;
                }

                if (!paused && _buffer.IsFull)
                {
                    // A short wait costs nothing; pausing throws away what was fetched ahead, so it comes later.
                    if (fullSince == 0)
                        fullSince = _options.Time.GetTimestamp();
                    var waited = _options.Time.GetElapsedTime(fullSince);
                    if (waited < WaitBeforePause)
                    {
                        _wake.WaitOne(WaitBeforePause - waited);
                        continue;
                    }

                    consumer.Pause(consumer.Assignment);
                    KafkaMetrics.Pauses.Add(1);
                    paused = true;
                }

                fullSince = 0;
                if (paused && _buffer.HasRoom)
                {
                    consumer.Resume(consumer.Assignment);
                    paused = false;
                }

                result.Clear();
                _rebalancesAtPoll = _assignments.Count;
                queue.Poll(result, paused ? 50 : _pump.IsDue ? 0 : PollMilliseconds, accept);
                nudge?.Give(result.Messages.Count);
                Rewind(consumer);
                if (result.Messages.Count > 0)
                {
                    _notices.Back();
                    KafkaMetrics.Received.Add(result.Messages.Count);
                    _buffer.Add(result.Messages);
                }

                foreach (var error in result.Errors)
                    OnPartitionError(error);
                if (_outOfRange.Count > 0)
                    MendOutOfRange(consumer);
            }
        }
        catch (Exception e)
        {
            _buffer.Fail(e is StreamingException ? e : new DependencyUnavailableException("kafka_client_failed", $"The Kafka client stopped: {e.Message}", e));
        }

        try
        {
            _pump.SendAndWait();
            consumer.Close();
        }
        catch (Client.KafkaException)
        {
            // Leaving the group is a courtesy; the session time-out does it otherwise.
        }

        _buffer.Fail(new ObjectDisposedException(nameof(KafkaMessageSource)));
        _ended.TrySetResult();
    }

    private int Accept(TopicPartition partition, long offset, DateTimeOffset timestamp)
    {
        if (_assignments!.Count != _rebalancesAtPoll)
        {
            // The assignment changed while this batch was taken: it can't be told which one a message belongs to. Read it again.
            _rewind.Add(partition);
            KafkaMetrics.Stale.Add(1);
            return -1;
        }

        var epoch = _table.Accept(partition, offset, timestamp);
        if (epoch < 0)
            KafkaMetrics.Stale.Add(1);
        return epoch;
    }

    private void Rewind(Client.IConsumer<byte[], byte[]> consumer)
    {
        if (_rewind.Count == 0)
            return;
        foreach (var partition in _rewind)
        {
            if (_table.TryGet(partition, out var state) && state.Next >= 0)
                _assignments!.MoveTo(consumer, partition, state.Next);
        }

        _rewind.Clear();
    }

    private void MendOutOfRange(Client.IConsumer<byte[], byte[]> consumer)
    {
        foreach (var (partition, detail) in _outOfRange.ToArray())
        {
            try
            {
                _assignments!.MendOutOfRange(consumer, partition, detail);
                _outOfRange.Remove(partition);
            }
            catch (Client.KafkaException e) when (!e.Error.IsFatal)
            {
                // The broker is away just now; the next round tries again.
                OnError(e.Error);
            }
        }
    }

    private void OnPartitionError(PollError error)
    {
        if (error.Code == Client.ErrorCode.Local_AutoOffsetReset)
        {
            _outOfRange[error.Partition] = error.Detail;
            return;
        }

        if (error.Code == Client.ErrorCode.Local_MaxPollExceeded)
        {
            KafkaMetrics.MaxPollExceeded.Add(1);
            _notices.Say(NoticeLevel.Error, "kafka_max_poll_exceeded", "The group dropped this consumer because it did not poll for max.poll.interval.ms; its partitions are read again.");
        }
        else if (KafkaErrors.IsAuthorization(error.Code))
        {
            _buffer.Fail(KafkaErrors.Authorization($"reading {error.Partition.Topic} in group {_options.Group}", error.Detail));
        }
        else if (error.Code is Client.ErrorCode.UnknownTopicOrPart or Client.ErrorCode.Local_UnknownTopic or Client.ErrorCode.Local_UnknownPartition)
        {
            _notices.Say(NoticeLevel.Warning, "kafka_topic_gone", $"{error.Detail}; waiting for it to come back.");
        }
        else if (error.Code is Client.ErrorCode.FencedInstanceId or Client.ErrorCode.Local_Fatal)
        {
            OnError(new Client.Error(error.Code, error.Detail, isFatal: true));
        }
    }

    private void OnError(Client.Error error)
    {
        _startError.Set(error);
        if (error.IsFatal)
        {
            _buffer.Fail(new StreamingException(
                "kafka_client_fatal",
                $"The Kafka client cannot go on: {error.Reason}. With static membership (group.instance.id) every process needs an id of its own.",
                ExitCode.DependencyUnavailable));
        }
        else if (_pollStarted && !_stopping)
        {
            if (KafkaErrors.IsAuthentication(error.Code))
                _notices.Away(error.Reason);
            else if (KafkaErrors.IsAway(error.Code))
                _watch.Suspect(_consumer!.Handle, error.Reason);
        }
    }

    private void OnCommitted(Client.CommittedOffsets committed)
    {
        var partitions = new List<(TopicPartition, long, Client.ErrorCode)>(committed.Offsets.Count);
        foreach (var offset in committed.Offsets)
            partitions.Add((new TopicPartition(offset.Topic, offset.Partition.Value), offset.Offset.Value, offset.Error.Code));
        if (!committed.Error.IsError)
            _notices.Back();
        _pump.Answered(committed.Error.Code, partitions);
    }

    // Before the poll thread runs, the start check polls, so that errors of connections are heard.
    private Client.Error? PollForErrors()
    {
        _queue!.Poll(new PollResult(), 0, static (_, _, _) => -1);
        return _startError.Take();
    }

    private void WakePoll()
    {
        _wake.Set();
        _queue?.Wake();
    }

    private async ValueTask<long> HighAsync(Client.IConsumer<byte[], byte[]> consumer, TopicPartition partition, CancellationToken cancellationToken)
    {
        var native = new Client.TopicPartition(partition.Topic, partition.Partition);
        try
        {
            var known = consumer.GetWatermarkOffsets(native).High.Value;
            if (known >= 0)
                return known;
            return await Task.Run(() => consumer.QueryWatermarkOffsets(native, TimeSpan.FromSeconds(2)).High.Value, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is Client.KafkaException or ObjectDisposedException)
        {
            return -1;
        }
    }
}
