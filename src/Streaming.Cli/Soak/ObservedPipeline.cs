using Streaming.Contracts;
using Streaming.Core.Engine;
using Streaming.Core.Sinks;

namespace Streaming.Cli.Soak;

/// <summary>A pipeline whose sinks tell a ledger what they have acknowledged. Everything else is the product's own.</summary>
internal static class ObservedPipeline
{
    /// <summary>The same pipeline, watched.</summary>
    public static Pipeline Watch(Pipeline pipeline, SoakLedger ledger)
    {
        var transaction = pipeline.Sink is ITransactionalSink transactional ? new TransactionalWatch(transactional, ledger) : null;
        return new Pipeline
        {
            Topology = pipeline.Topology,
            Source = pipeline.Source,
            Sink = transaction ?? (IDocumentSink)new SinkWatch(pipeline.Sink, ledger),
            DeadLetters = transaction ?? (IDeadLetterSink)new LetterWatch(pipeline.DeadLetters, ledger),
            Models = pipeline.Models,
            Selector = pipeline.Selector,
            Requests = pipeline.Requests,
            Enrichment = pipeline.Enrichment,
            Batching = pipeline.Batching,
            Delivery = pipeline.Delivery,
            Progress = pipeline.Progress,
            Notify = pipeline.Notify,
            Time = pipeline.Time,
        };
    }

    private static void Acknowledge(SoakLedger ledger, IReadOnlyList<DocumentWrite> writes)
    {
        foreach (var write in writes)
            ledger.Acknowledge(ledger.NumberOf(write.Id));
    }

    private static void Acknowledge(SoakLedger ledger, IReadOnlyList<DeadLetter> letters)
    {
        foreach (var letter in letters)
            ledger.Acknowledge(ledger.NumberOf(letter));
    }

    private sealed class SinkWatch(IDocumentSink inner, SoakLedger ledger) : IDocumentSink
    {
        public async ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
        {
            var results = await inner.WriteAsync(writes, cancellationToken);
            Acknowledge(ledger, writes);
            return results;
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class LetterWatch(IDeadLetterSink inner, SoakLedger ledger) : IDeadLetterSink
    {
        public async ValueTask WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
        {
            await inner.WriteAsync(letters, cancellationToken);
            Acknowledge(ledger, letters);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class TransactionalWatch(ITransactionalSink inner, SoakLedger ledger) : ITransactionalSink
    {
        public async ValueTask WriteAsync(IReadOnlyList<DocumentWrite> writes, Func<IReadOnlyList<SinkResult>, TransactionTail> complete, CancellationToken cancellationToken)
        {
            TransactionTail? tail = null;
            await inner.WriteAsync(writes, results => tail = complete(results), cancellationToken);
            Acknowledge(ledger, writes);
            Acknowledge(ledger, tail!.DeadLetters);
        }

        public async ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
        {
            var results = await inner.WriteAsync(writes, cancellationToken);
            Acknowledge(ledger, writes);
            return results;
        }

        public async ValueTask WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
        {
            await inner.WriteAsync(letters, cancellationToken);
            Acknowledge(ledger, letters);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
