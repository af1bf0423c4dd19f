using Streaming.Core.Messaging;

namespace Streaming.Cli.Ingest;

/// <summary>Writes messages batch by batch; the next batch fills while the last one is being stored.</summary>
internal sealed class BatchWriter(IMessageProducer producer, string topic, IngestReport report, Action progress) : IAsyncDisposable
{
    private const int MaxMessages = 500;
    private const int MaxBytes = 4 * 1024 * 1024;
    private MessageBatch _filling = new();
    private MessageBatch _storing = new();
    private Task? _store;

    /// <summary>Adds a message; waits when both batches are full.</summary>
    public async ValueTask AddAsync(long line, OutgoingMessage message, CancellationToken cancellationToken)
    {
        _filling.Add(line, message);
        if (_filling.Count >= MaxMessages || _filling.Bytes >= MaxBytes)
            await TurnAsync(cancellationToken);
    }

    /// <summary>Stores what is left and returns when the log has everything.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        await TurnAsync(cancellationToken);
        await TurnAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_store is { } store)
            await store.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _filling.Dispose();
        _storing.Dispose();
    }

    private async Task TurnAsync(CancellationToken cancellationToken)
    {
        if (_store is { } store)
        {
            _store = null;
            await store;
        }

        (_filling, _storing) = (_storing, _filling);
        _filling.Clear();
        if (_storing.Count > 0)
            _store = StoreAsync(_storing, cancellationToken);
    }

    private async Task StoreAsync(MessageBatch batch, CancellationToken cancellationToken)
    {
        var results = await producer.ProduceAsync(topic, batch.Messages(), cancellationToken);
        for (var i = 0; i < results.Count; i++)
        {
            if (results[i].Error is { } error)
                report.Refuse(error, batch.LineOf(i), "the log refused it");
            else
                report.Written++;
        }

        progress();
    }
}
