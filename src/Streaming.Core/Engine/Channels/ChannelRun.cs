using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;
using Streaming.Core.Telemetry;

namespace Streaming.Core.Engine.Channels;

/// <summary>
/// One run of a pipeline: read → prepare → model → in order per partition → deliver → commit. Stages end one after the other,
/// each when the one before has; the first failure stops all.
/// </summary>
internal sealed class ChannelRun : IAssignmentListener, IDisposable
{
    private const int MaxChunk = 64;

    private readonly Pipeline _pipeline;
    private readonly CancellationTokenSource _stop;
    private readonly PipelineTelemetry _telemetry;
    private readonly EngineContext _context;
    private readonly ModelStage _models;
    private readonly PrepareStage _prepare;
    private readonly CommitStage _commits;
    private readonly DeliveryStage _delivery;
    private readonly ConcurrentDictionary<TopicPartition, PartitionLane> _lanes = new();
    private readonly List<PartitionLane> _everyLane = []; // ended ones too, while something of theirs is on its way
    private readonly int _workers = Math.Max(1, Environment.ProcessorCount);
    private Exception? _failure;
    private volatile bool _ended;

    public ChannelRun(Pipeline pipeline, CancellationTokenSource stop)
    {
        _pipeline = pipeline;
        _stop = stop;
        _telemetry = new PipelineTelemetry(pipeline.Topology);
        _context = new EngineContext(pipeline, _telemetry, stop.Token);
        _models = new ModelStage(_context);
        _prepare = new PrepareStage(_context, _models);
        _commits = new CommitStage(_context);
        _delivery = new DeliveryStage(_context, _commits);
        _telemetry.Observe(() => _context.Gate.Documents, () => _context.Gate.Bytes, OldestUnacknowledged);
    }

    /// <summary>Runs to the end, to the drain, or to the first failure, which it throws.</summary>
    public async Task RunAsync(CancellationToken drain)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var concurrent = ConcurrentBatches();
        try
        {
            await _pipeline.Source.StartAsync(this, _stop.Token);
            _context.Progress.Start();
            var background = Task.WhenAll(
                Guard(() => IsTransactional ? Task.CompletedTask : _commits.RunAsync(end.Token), end.Token),
                Guard(() => MeasureLagAsync(end.Token), end.Token));
            var read = Guard(() => ReadAsync(drain), default);
            var prepared = Start(_workers, _prepare.RunAsync);
            var modelled = Start(concurrent, _models.RunAsync);
            var delivered = Guard(_delivery.RunAsync, default);

            await read;
            _prepare.Complete();
            await prepared;
            _models.Complete();
            await modelled;
            _context.Ended.Writer.Complete();
            await delivered;
            await end.CancelAsync();
            await background;
            if (_failure is null && !IsTransactional && !_stop.IsCancellationRequested)
                await Guard(() => _commits.CommitAsync(_stop.Token).AsTask(), default);
        }
        finally
        {
            // Nothing of this run may act any more, whoever still holds the listener.
            _ended = true;
            await _stop.CancelAsync();
            foreach (var lane in _everyLane)
            {
                lane.End();
                lane.Abandon();
            }
        }

        if (_failure is not null)
            ExceptionDispatchInfo.Throw(_failure);
    }

    /// <inheritdoc/>
    public void OnAssigned(IReadOnlyList<PartitionCommit> partitions, int epoch)
    {
        foreach (var from in partitions)
        {
            if (_lanes.TryGetValue(from.Partition, out var old))
                old.End();
            var lane = new PartitionLane(from.Partition, epoch);
            lock (_everyLane)
            {
                _everyLane.RemoveAll(static past => !past.IsLive && past.WhenIdle().IsCompleted);
                _everyLane.Add(lane);
            }

            _context.Tracker.Assign(from, epoch);
            _lanes[from.Partition] = lane;
        }
    }

    /// <inheritdoc/>
    public async ValueTask OnRevokingAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        if (_ended)
        {
            // A source that is closed after the run gives its partitions back; there is nothing left to finish.
            OnLost(partitions);
            return;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _context.Stop);
        _models.Hurry(true);
        try
        {
            foreach (var partition in partitions)
            {
                if (_lanes.TryGetValue(partition, out var lane))
                    await lane.WhenIdle().WaitAsync(either.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Time is up: what is finished is committed, the rest is dropped and read by the next owner.
        }
        finally
        {
            _models.Hurry(false);
        }

        try
        {
            if (!IsTransactional)
                await _commits.CommitAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
        }
        finally
        {
            OnLost(partitions);
        }
    }

    /// <inheritdoc/>
    public void OnLost(IReadOnlyList<TopicPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            _context.Tracker.Revoke(partition);
            if (_lanes.TryGetValue(partition, out var lane))
                lane.End();
        }
    }

    public void Dispose()
    {
        _models.Dispose();
        _commits.Dispose();
        _telemetry.Dispose();
    }

    private bool IsTransactional => _pipeline.Sink is ITransactionalSink;

    private async Task ReadAsync(CancellationToken drain)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(drain, _stop.Token);
        try
        {
            while (true)
            {
                var (documents, bytes) = await _context.Gate.WaitAsync(either.Token);
                var messages = await _pipeline.Source.ReadAsync(documents, bytes, either.Token);
                if (messages.Count == 0)
                    return;
                if (messages.Count > documents)
                    throw new InvalidOperationException($"this is a bug: the source gave {messages.Count} messages where {documents} were asked for");
                await AcceptAsync(messages);
            }
        }
        catch (OperationCanceledException) when (drain.IsCancellationRequested)
        {
            // Nothing more is read; what is in flight is finished.
        }
    }

    private async ValueTask AcceptAsync(IReadOnlyList<SourceMessage> messages)
    {
        var now = _context.Time.GetTimestamp();
        var ingested = _context.Time.GetUtcNow();
        var documents = new List<InFlightDocument>(messages.Count);
        long bytes = 0;
        PartitionLane? lane = null;
        for (var i = 0; i < messages.Count; i++)
        {
            var message = messages[i];
            if (lane is null || lane.Partition != message.Partition)
            {
                if (!_lanes.TryGetValue(message.Partition, out lane))
                    throw new InvalidOperationException($"this is a bug: the source delivered {message.Partition} without assigning it");
            }

            // Of an assignment that ended while the source had it in hand: the next owner reads it.
            if (lane.Epoch != message.Epoch || !_context.Tracker.Track(message.Partition, message.Epoch, message.Offset))
            {
                _telemetry.Fenced();
                continue;
            }

            var document = new InFlightDocument(message, lane, now, ingested);
            lane.Enter(document);
            documents.Add(document);
            bytes += message.SizeInBytes;
        }

        if (documents.Count == 0)
            return;
        _context.Gate.Enter(documents.Count, bytes);
        _context.Progress.AddRead(documents.Count);
        _context.Progress.SetInFlight(_context.Gate.Documents, _context.Gate.Bytes);
        _telemetry.Read(documents.Count);
        var size = Math.Clamp((documents.Count + _workers - 1) / _workers, 1, MaxChunk);
        for (var start = 0; start < documents.Count; start += size)
            await _prepare.AddAsync([.. documents[start..Math.Min(documents.Count, start + size)]]);
    }

    private async Task MeasureLagAsync(CancellationToken end)
    {
        var interval = _pipeline.Delivery.LagInterval;
        if (interval <= TimeSpan.Zero)
            return;
        using var timer = new PeriodicTimer(interval, _context.Time);
        while (await timer.WaitForNextTickAsync(end))
        {
            try
            {
                var lag = await _pipeline.Source.GetLagAsync(end);
                _telemetry.Lag(lag);
                _context.Progress.SetBacklog(lag.Messages);
            }
            catch (DependencyUnavailableException exception)
            {
                // A figure that can't be had now is no reason to stop; the reader waits by itself.
                _telemetry.Retried(exception.Code);
            }
        }
    }

    private int ConcurrentBatches()
    {
        if (_pipeline.Batching.MaxConcurrentBatches > 0)
            return _pipeline.Batching.MaxConcurrentBatches;
        using var lease = _pipeline.Models.Acquire();
        const int OnDevice = 2; // one computes while the next is being copied
        return lease.Model.Runner.Info.Device.StartsWith("cpu", StringComparison.OrdinalIgnoreCase) ? Environment.ProcessorCount : OnDevice;
    }

    private TimeSpan? OldestUnacknowledged()
    {
        var oldest = _delivery.OldestReadAt;
        foreach (var lane in _lanes.Values)
        {
            if (lane.OldestReadAt is { } at && (oldest is null || at < oldest))
                oldest = at;
        }

        return oldest is { } start ? _context.Time.GetElapsedTime(start) : null;
    }

    private Task Start(int count, Func<Task> stage)
    {
        var tasks = new Task[count];
        for (var i = 0; i < count; i++)
            tasks[i] = Guard(stage, default);
        return Task.WhenAll(tasks);
    }

    /// <summary>Runs a stage on the pool; its failure, if it is the first, becomes the run's and stops the other stages.</summary>
    private async Task Guard(Func<Task> stage, CancellationToken end)
    {
        try
        {
            await Task.Run(stage, CancellationToken.None);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested || end.IsCancellationRequested)
        {
        }
        catch (Exception exception)
        {
            Interlocked.CompareExchange(ref _failure, exception, null);
            await _stop.CancelAsync();
        }
    }
}
