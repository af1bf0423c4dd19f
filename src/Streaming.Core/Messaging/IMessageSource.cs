namespace Streaming.Core.Messaging;

/// <summary>
/// Delivers messages of one consumer, partition by partition in order, and remembers how far it got.
/// Not reading is the backpressure: a source fetches ahead only within its own bound.
/// </summary>
/// <remarks>
/// One reader at a time; <see cref="CommitAsync"/> may run beside a read.
/// A dependency that is away is waited for inside <see cref="ReadAsync"/>; an exception means the source is of no further use.
/// </remarks>
public interface IMessageSource : IAsyncDisposable
{
    /// <summary>Starts consuming from the committed offsets. Called once, before the first read.</summary>
    /// <param name="listener">Told of partitions that come and go; calls never overlap one another.</param>
    /// <param name="cancellationToken">Gives up the start.</param>
    ValueTask StartAsync(IAssignmentListener listener, CancellationToken cancellationToken);

    /// <summary>Waits for at least one message and returns what is there, within the limits.</summary>
    /// <param name="maxMessages">At most so many; at least 1.</param>
    /// <param name="maxBytes">Stops after the message that reaches it; a single larger message is still delivered.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    /// <returns>Messages owned by the caller; empty only when a bounded source has come to its end.</returns>
    ValueTask<IReadOnlyList<SourceMessage>> ReadAsync(int maxMessages, long maxBytes, CancellationToken cancellationToken);

    /// <summary>
    /// Remembers that everything below each commit's offset is done. Commits never go back: one of a partition that is not held,
    /// or below where its assignment started, was under way while the partition went and is dropped.
    /// </summary>
    ValueTask CommitAsync(IReadOnlyList<PartitionCommit> commits, CancellationToken cancellationToken);

    /// <summary>Messages behind the committed offsets, and the age of the oldest: the lag.</summary>
    ValueTask<SourceLag> GetLagAsync(CancellationToken cancellationToken);
}
