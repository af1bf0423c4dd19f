using Streaming.Contracts;
using Streaming.Core.Messaging;

namespace Streaming.Core.Sinks;

/// <summary>
/// A sink that shares its store with the source's offsets, so that documents, dead letters, counts and
/// commits become durable together or not at all: exactly once.
/// </summary>
public interface ITransactionalSink : IDocumentSink, IDeadLetterSink
{
    /// <summary>Writes documents, asks <paramref name="complete"/> for the rest given their results, commits all in one transaction.</summary>
    /// <param name="writes">Documents, in order.</param>
    /// <param name="complete">
    /// Called once inside the transaction with one result for each write. If the transaction then fails, an exception is
    /// thrown and nothing is stored; what <paramref name="complete"/> changed in memory is the caller's to discard.
    /// </param>
    /// <param name="cancellationToken">Observed before the transaction starts, not within.</param>
    ValueTask WriteAsync(
        IReadOnlyList<DocumentWrite> writes,
        Func<IReadOnlyList<SinkResult>, TransactionTail> complete,
        CancellationToken cancellationToken);
}

/// <summary>What else belongs to the transaction.</summary>
/// <param name="DeadLetters">Letters, those of refused writes included.</param>
/// <param name="Commits">Offsets that are done once the transaction is.</param>
/// <param name="Outcomes">How many messages ended in which way, for the topology's totals.</param>
public sealed record TransactionTail(
    IReadOnlyList<DeadLetter> DeadLetters,
    IReadOnlyList<PartitionCommit> Commits,
    OutcomeCounts Outcomes)
{
    /// <summary>Requests for labels; one whose id is there already changes nothing.</summary>
    public IReadOnlyList<LabelRequest> Requests { get; init; } = [];
}
