using System.Threading.Channels;
using Streaming.Core.Engine.Stages;

namespace Streaming.Core.Engine.Channels;

/// <summary>Gathers what may go to the sink and writes it, as much at a time as is there.</summary>
internal sealed class DeliveryLoop
{
    private readonly PipelineParts _parts;
    private readonly CommitLoop _commits;
    private readonly Channel<InFlightDocument> _ended;
    private readonly Action<InFlightDocument> _write;

    public DeliveryLoop(PipelineParts parts, CommitLoop commits)
    {
        _parts = parts;
        _commits = commits;

        // The gate admits no more than this, so a write always finds room.
        _ended = Channel.CreateBounded<InFlightDocument>(
            new BoundedChannelOptions(parts.Context.Pipeline.Batching.MaxQueueSize) { SingleReader = true });
        _write = Write;
    }

    /// <summary>It is known how this one ends: it goes to the sink when all before it in its partition have.</summary>
    public void Add(InFlightDocument document) => document.Lane.Release(document, _write);

    /// <summary>Nothing more comes.</summary>
    public void Complete() => _ended.Writer.Complete();

    public async Task RunAsync()
    {
        var deliverer = _parts.Deliverer;
        var size = _parts.Context.Pipeline.Delivery.MaxWriteSize;
        var batch = new List<InFlightDocument>();
        var ended = _ended.Reader;
        while (await ended.WaitToReadAsync(_parts.Context.Stop))
        {
            batch.Clear();
            while (batch.Count < size && ended.TryRead(out var document))
            {
                if (deliverer.Admit(document))
                    batch.Add(document);
            }

            await deliverer.DeliverAsync(batch);
            if (!deliverer.IsTransactional)
                _commits.Finished(batch.Count);
        }
    }

    private void Write(InFlightDocument document)
    {
        if (!_ended.Writer.TryWrite(document))
            throw new InvalidOperationException("this is a bug: the queue to the sink is smaller than the pipeline's own bound");
    }
}
