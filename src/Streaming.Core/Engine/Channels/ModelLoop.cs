using Streaming.Core.Engine.Stages;

namespace Streaming.Core.Engine.Channels;

/// <summary>Takes batches as model calls become free, and runs them.</summary>
internal sealed class ModelLoop : IDisposable
{
    private readonly PipelineParts _parts;
    private readonly AsyncSignal _signal;
    private readonly Action<InFlightDocument> _ended;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly ITimer _deadline;

    public ModelLoop(PipelineParts parts, AsyncSignal signal, Action<InFlightDocument> ended)
    {
        _parts = parts;
        _signal = signal;
        _ended = ended;
        _deadline = parts.Context.Time.CreateTimer(static signal => ((AsyncSignal)signal!).Set(), signal, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Runs batches, one at a time; start it as often as batches may be in flight.</summary>
    public async Task RunAsync()
    {
        var batch = new MicroBatch<ModelWindow>();
        while (await TakeAsync(batch))
        {
            await _parts.Runner.RunAsync(batch, _ended);

            // A runner that works on the calling thread must not keep that thread from the other stages.
            await Task.Yield();
        }
    }

    public void Dispose()
    {
        _deadline.Dispose();
        _turn.Dispose();
    }

    private async ValueTask<bool> TakeAsync(MicroBatch<ModelWindow> batch)
    {
        // One idle runner watches for the next batch; the others queue behind it.
        var stop = _parts.Context.Stop;
        await _turn.WaitAsync(stop);
        try
        {
            while (true)
            {
                if (_parts.Queue.TryTake(batch, out var due, out var ended))
                    return true;
                if (ended)
                    return false;
                if (due is { } left)
                    _deadline.Change(left + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
                await _signal.WaitAsync(stop);
            }
        }
        finally
        {
            _turn.Release();
        }
    }
}
