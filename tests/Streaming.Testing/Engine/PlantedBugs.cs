using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;

namespace Streaming.Testing.Engine;

/// <summary>Bug: commits the highest offset delivered instead of the lowest unfinished one.</summary>
public sealed class CommitsTheHighest(IMessageSource inner) : IMessageSource
{
    private readonly Dictionary<TopicPartition, long> _highest = [];

    /// <inheritdoc/>
    public ValueTask StartAsync(IAssignmentListener listener, CancellationToken cancellationToken) => inner.StartAsync(listener, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SourceMessage>> ReadAsync(int maxMessages, long maxBytes, CancellationToken cancellationToken)
    {
        var messages = await inner.ReadAsync(maxMessages, maxBytes, cancellationToken);
        lock (_highest)
        {
            foreach (var message in messages)
                _highest[message.Partition] = message.Offset + 1;
        }

        return messages;
    }

    /// <inheritdoc/>
    public ValueTask CommitAsync(IReadOnlyList<PartitionCommit> commits, CancellationToken cancellationToken)
    {
        lock (_highest)
            return inner.CommitAsync([.. commits.Select(commit => commit with { NextOffset = _highest[commit.Partition] })], cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<SourceLag> GetLagAsync(CancellationToken cancellationToken) => inner.GetLagAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

/// <summary>Bug: takes every item of an answered write for stored.</summary>
public sealed class IgnoresItemStatus(IDocumentSink inner) : IDocumentSink
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        await inner.WriteAsync(writes, cancellationToken);
        return new SinkResult[writes.Count];
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

/// <summary>Bug: does not wait until dead letters are stored.</summary>
public sealed class DoesNotAwaitDeadLetters(IDeadLetterSink inner) : IDeadLetterSink
{
    /// <summary>The writes nobody waits for.</summary>
    public List<Task> Forgotten { get; } = [];

    /// <inheritdoc/>
    public ValueTask WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        Forgotten.Add(inner.WriteAsync([.. letters], CancellationToken.None).AsTask());
        return default;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

/// <summary>Bug: never hears that partitions are gone, and goes on committing for them.</summary>
public sealed class DeafToLosses(IMessageSource inner) : IMessageSource
{
    /// <inheritdoc/>
    public ValueTask StartAsync(IAssignmentListener listener, CancellationToken cancellationToken) => inner.StartAsync(new Deaf(listener), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SourceMessage>> ReadAsync(int maxMessages, long maxBytes, CancellationToken cancellationToken) =>
        inner.ReadAsync(maxMessages, maxBytes, cancellationToken);

    /// <inheritdoc/>
    public ValueTask CommitAsync(IReadOnlyList<PartitionCommit> commits, CancellationToken cancellationToken) => inner.CommitAsync(commits, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SourceLag> GetLagAsync(CancellationToken cancellationToken) => inner.GetLagAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private sealed class Deaf(IAssignmentListener listener) : IAssignmentListener
    {
        public void OnAssigned(IReadOnlyList<PartitionCommit> partitions, int epoch) => listener.OnAssigned(partitions, epoch);

        public ValueTask OnRevokingAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken) => default;

        public void OnLost(IReadOnlyList<TopicPartition> partitions)
        {
        }
    }
}
