using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Messaging;
using Streaming.Core.Telemetry;

namespace Streaming.Learning.Labelling;

/// <summary>
/// Reads a topic some messages at a time, hands them on, and commits them when they are dealt with: at least once. A dependency
/// that is away is waited for.
/// </summary>
internal sealed class TopicConsumer(IMessageSource source, int maxMessages, TimeProvider time, Action<Notice>? notify) : IAssignmentListener, IDisposable
{
    private const long MaxBytes = 16 * 1024 * 1024;

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly OffsetTracker _tracker = new();
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Runs until the source ends or it is told to stop; what was begun is finished first.</summary>
    public async Task RunAsync(Func<IReadOnlyList<SourceMessage>, CancellationToken, Task> handle, CancellationToken stop)
    {
        try
        {
            await source.StartAsync(this, stop).ConfigureAwait(false);
            while (true)
            {
                var messages = await source.ReadAsync(maxMessages, MaxBytes, stop).ConfigureAwait(false);
                if (messages.Count == 0)
                    return;
                await _turn.WaitAsync(stop).ConfigureAwait(false);
                try
                {
                    var held = messages.Where(message => _tracker.Track(message.Partition, message.Epoch, message.Offset)).ToList();
                    if (held.Count > 0)
                        await handle(held, stop).ConfigureAwait(false);
                    foreach (var message in held)
                        _tracker.Complete(message.Partition, message.Epoch, message.Offset);
                }
                finally
                {
                    _turn.Release();
                }

                await CommitAsync(stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // What was not finished is read again next time.
        }
    }

    /// <summary>Tries until it works or it is told to stop.</summary>
    public async ValueTask<T> PersistAsync<T>(Func<CancellationToken, ValueTask<T>> action, CancellationToken stop)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var result = await action(stop).ConfigureAwait(false);
                if (attempt > 0)
                    notify?.Invoke(new Notice(NoticeLevel.Information, "label_dependency_back", "it answers again"));
                return result;
            }
            catch (DependencyUnavailableException away)
            {
                if (attempt == 0)
                    notify?.Invoke(new Notice(NoticeLevel.Warning, away.Code, away.Message));
            }

            await Task.Delay(DependencyRetry.Backoff(FirstWait, LongestWait, attempt), time, stop).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void OnAssigned(IReadOnlyList<PartitionCommit> partitions, int epoch)
    {
        foreach (var partition in partitions)
            _tracker.Assign(partition, epoch);
    }

    /// <inheritdoc/>
    public async ValueTask OnRevokingAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        try
        {
            // What is under way is finished, within the time there is: its labels are paid for.
            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            _turn.Release();
            await CommitAsync(cancellationToken).ConfigureAwait(false);
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
            _tracker.Revoke(partition);
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private async ValueTask CommitAsync(CancellationToken stop)
    {
        await PersistAsync(
            async token =>
            {
                var commits = new List<PartitionCommit>();
                _tracker.TakeCommits(commits);
                if (commits.Count == 0)
                    return true;
                try
                {
                    await source.CommitAsync(commits, token).ConfigureAwait(false);
                }
                catch
                {
                    _tracker.Untake(commits);
                    throw;
                }

                return true;
            },
            stop).ConfigureAwait(false);
    }
}
