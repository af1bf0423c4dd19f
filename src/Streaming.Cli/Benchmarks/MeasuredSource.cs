using Streaming.Core.Messaging;

namespace Streaming.Cli.Benchmarks;

/// <summary>So many messages of a source and then its end; knows when the first one came.</summary>
internal sealed class MeasuredSource(IMessageSource inner, long limit, TimeProvider time) : IMessageSource
{
    private long _given;

    /// <summary>When the first message was handed out; 0 before. Joining a group and finding partitions come before it.</summary>
    public long FirstAt { get; private set; }

    /// <summary>Processor time of the process at that moment.</summary>
    public TimeSpan CpuAtFirst { get; private set; }

    /// <inheritdoc/>
    public ValueTask StartAsync(IAssignmentListener listener, CancellationToken cancellationToken) => inner.StartAsync(listener, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SourceMessage>> ReadAsync(int maxMessages, long maxBytes, CancellationToken cancellationToken)
    {
        if (_given >= limit)
            return [];
        var messages = await inner.ReadAsync((int)Math.Min(maxMessages, limit - _given), maxBytes, cancellationToken);
        if (_given == 0)
            (FirstAt, CpuAtFirst) = (time.GetTimestamp(), Environment.CpuUsage.TotalTime);
        _given += messages.Count;
        return messages;
    }

    /// <inheritdoc/>
    public ValueTask CommitAsync(IReadOnlyList<PartitionCommit> commits, CancellationToken cancellationToken) => inner.CommitAsync(commits, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SourceLag> GetLagAsync(CancellationToken cancellationToken) => inner.GetLagAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
