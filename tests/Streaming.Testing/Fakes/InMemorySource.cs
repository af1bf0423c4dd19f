using System.Collections.Concurrent;
using Streaming.Core.Messaging;

namespace Streaming.Testing.Fakes;

/// <summary>A consumer of an <see cref="InMemoryLog"/>. As with a broker's client, partitions come and go inside a read.</summary>
public sealed class InMemorySource : IMessageSource
{
    private static int s_names;

    private readonly InMemoryLog _log;
    private readonly bool _endsAtEnd;
    private readonly IReadOnlyList<int>? _take;
    private readonly ConcurrentQueue<Rebalance> _news = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly SortedDictionary<int, (long Position, int Epoch)> _positions = [];
    private readonly ConcurrentDictionary<int, long> _fences = new();
    private readonly ConcurrentDictionary<int, (int Epoch, long Start)> _held = new(); // as _positions, for commits on other threads
    private IAssignmentListener? _listener;
    private volatile bool _closed;

    internal InMemorySource(InMemoryLog log, bool endsAtEnd, IReadOnlyList<int>? take)
    {
        _log = log;
        _endsAtEnd = endsAtEnd;
        _take = take;
        Name = "consumer-" + Make.Number(Interlocked.Increment(ref s_names));
    }

    /// <summary>Its name in violations.</summary>
    public string Name { get; }

    /// <summary>True once disposed.</summary>
    public bool IsClosed => _closed;

    /// <summary>Messages given out.</summary>
    public long Delivered { get; private set; }

    /// <summary>At most so many messages a read, to make many small ones.</summary>
    public int MostPerRead { get; init; } = int.MaxValue;

    /// <summary>Called before each read delivers; may throw.</summary>
    public Action? BeforeRead { get; set; }

    /// <summary>Called before each commit; may throw.</summary>
    public Action<IReadOnlyList<PartitionCommit>>? BeforeCommit { get; set; }

    /// <summary>How long a revocation waits for the drain.</summary>
    public TimeSpan RevokeTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <inheritdoc/>
    public async ValueTask StartAsync(IAssignmentListener listener, CancellationToken cancellationToken)
    {
        _listener = listener;
        _log.Join(this, _take);
        await HearAsync();
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SourceMessage>> ReadAsync(int maxMessages, long maxBytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxMessages, 1);
        var messages = new List<SourceMessage>();
        var most = Math.Min(maxMessages, MostPerRead);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ObjectDisposedException.ThrowIf(_closed, this);
            BeforeRead?.Invoke();
            await HearAsync();
            foreach (var partition in _positions.Keys.ToArray())
            {
                var (position, epoch) = _positions[partition];
                if (messages.Count < most && maxBytes > 0)
                {
                    var count = _log.Fetch(partition, position, most - messages.Count, maxBytes, epoch, messages);
                    foreach (var message in messages.TakeLast(count))
                        maxBytes -= message.SizeInBytes;
                    if (count > 0)
                        _positions[partition] = (messages[^1].Offset + 1, epoch);
                }
            }

            if (messages.Count > 0)
            {
                Delivered += messages.Count;
                return messages;
            }

            if (_endsAtEnd && _news.IsEmpty)
                return messages;
            await _wake.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public ValueTask CommitAsync(IReadOnlyList<PartitionCommit> commits, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        BeforeCommit?.Invoke(commits);
        foreach (var commit in commits)
            _log.Store(this, commit);
        return default;
    }

    /// <inheritdoc/>
    public ValueTask<SourceLag> GetLagAsync(CancellationToken cancellationToken) => new(new SourceLag(_log.Behind(this), null));

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _closed = true;
        _log.Leave(this);
        return default;
    }

    internal void Wake() => _wake.Release();

    internal void Tell(Rebalance news)
    {
        _news.Enqueue(news);
        Wake();
    }

    /// <summary>Up to where a commit may still have been under way when it heard that the partition was gone; null before it heard.</summary>
    public long? Fence(int partition) => _fences.TryGetValue(partition, out var fence) ? fence : null;

    /// <summary>Where a partition that it holds, and knows that it holds, started; null otherwise.</summary>
    internal long? Start(int partition, int epoch) => _held.TryGetValue(partition, out var held) && held.Epoch == epoch ? held.Start : null;

    private async ValueTask HearAsync()
    {
        while (_news.TryDequeue(out var news))
        {
            var partition = _log.Partition(news.Partition);
            if (news.To == this)
            {
                if (!_log.Owns(this, news.Partition))
                    continue;
                _fences.TryRemove(news.Partition, out _);
                _positions[news.Partition] = (news.From.NextOffset, news.Epoch);
                _listener!.OnAssigned([news.From], news.Epoch);
                _held[news.Partition] = (news.Epoch, news.From.NextOffset);
            }
            else if (news.To is null)
            {
                if (!_positions.Remove(news.Partition))
                    continue;
                _listener!.OnLost([partition]);
                _fences[news.Partition] = _log.Ledger.LowestUnfinished(partition);
            }
            else if (_positions.Remove(news.Partition))
            {
                using var timeout = new CancellationTokenSource(RevokeTimeout);
                await _listener!.OnRevokingAsync([partition], timeout.Token);
                _fences[news.Partition] = _log.Ledger.LowestUnfinished(partition);
                _log.Give(news.Partition, news.To);
            }
        }
    }
}
