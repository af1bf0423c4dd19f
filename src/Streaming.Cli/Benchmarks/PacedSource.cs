using Streaming.Core.Messaging;

namespace Streaming.Cli.Benchmarks;

/// <summary>A file's messages, so many a second, each handed out as soon as it is due.</summary>
internal sealed class PacedSource(string file, double perSecond, LatencyLog log, TimeProvider time) : IMessageSource
{
    private static readonly TopicPartition Partition = new("bench", 0);

    private readonly NumberedMessages _messages = new(file);
    private long _next;
    private long _started;
    private long _committed;

    /// <inheritdoc/>
    public ValueTask StartAsync(IAssignmentListener listener, CancellationToken cancellationToken)
    {
        listener.OnAssigned([new PartitionCommit(Partition, 0)], 1);
        return default;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SourceMessage>> ReadAsync(int maxMessages, long maxBytes, CancellationToken cancellationToken)
    {
        if (_started == 0)
            _started = time.GetTimestamp();
        var messages = new List<SourceMessage>();
        while (messages.Count == 0)
        {
            // A timer may be a little early.
            while (TimeSpan.FromSeconds(_next / perSecond) - time.GetElapsedTime(_started) is var wait && wait > TimeSpan.Zero)
                await Task.Delay(wait < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : wait, time, cancellationToken);
            while (messages.Count < maxMessages && _next / perSecond <= time.GetElapsedTime(_started).TotalSeconds)
            {
                if (_messages.Next() is not { } value)
                    return messages;
                log.Enter(_next);
                messages.Add(new SourceMessage { Partition = Partition, Offset = _next++, Epoch = 1, Value = value, Timestamp = time.GetUtcNow() });
            }
        }

        return messages;
    }

    /// <inheritdoc/>
    public ValueTask CommitAsync(IReadOnlyList<PartitionCommit> commits, CancellationToken cancellationToken)
    {
        _committed = commits[^1].NextOffset;
        return default;
    }

    /// <inheritdoc/>
    public ValueTask<SourceLag> GetLagAsync(CancellationToken cancellationToken) => new(new SourceLag(_next - _committed, null));

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _messages.Dispose();
        return default;
    }
}
