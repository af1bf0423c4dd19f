using Streaming.Core.Sinks;

namespace Streaming.Testing.Engine;

/// <summary>Tells the ledger what a sink acknowledges, item by item.</summary>
public sealed class WatchedSink(IDocumentSink inner, Ledger ledger) : IDocumentSink
{
    private int _superseded, _answered, _calls;

    /// <summary>Writes answered with a newer or equal version.</summary>
    public int Superseded => Volatile.Read(ref _superseded);

    /// <summary>Calls so far.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>Writes answered.</summary>
    public int Answered => Volatile.Read(ref _answered);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _calls);
        var results = await inner.WriteAsync(writes, cancellationToken);
        for (var i = 0; i < results.Count; i++)
        {
            if (results[i].Status == SinkStatus.Superseded)
                Interlocked.Increment(ref _superseded);
            if (results[i].Status != SinkStatus.Rejected)
                ledger.Acknowledge(writes[i].Id, writes[i].Version, writes[i].Document);
        }

        Interlocked.Add(ref _answered, results.Count);
        return results;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
