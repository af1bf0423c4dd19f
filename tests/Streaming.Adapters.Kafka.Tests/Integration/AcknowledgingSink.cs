using Streaming.Contracts;
using Streaming.Core.Sinks;
using Streaming.Testing.Engine;

namespace Streaming.Adapters.Kafka.Tests.Integration;

/// <summary>Tells the ledger what a real sink acknowledged.</summary>
internal sealed class AcknowledgingSink(IDocumentSink inner, Ledger ledger) : IDocumentSink
{
    public async ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        var results = await inner.WriteAsync(writes, cancellationToken);
        for (var i = 0; i < results.Count; i++)
        {
            if (results[i].Status != SinkStatus.Rejected)
                ledger.Acknowledge(writes[i].Id, writes[i].Version, writes[i].Document);
        }

        return results;
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

/// <summary>Tells the ledger which dead letters a real topic has.</summary>
internal sealed class AcknowledgingLetters(IDeadLetterSink inner, Ledger ledger) : IDeadLetterSink
{
    public async ValueTask WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        await inner.WriteAsync(letters, cancellationToken);
        foreach (var letter in letters)
            ledger.Acknowledge(letter);
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
