using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Streaming.Core.Engine.Stages;

namespace Streaming.Core.Engine.Channels;

/// <summary>
/// One run of a pipeline: read → prepare → model → in order per partition → deliver → commit. Stages end one after the other,
/// each when the one before has; the first failure stops all.
/// </summary>
internal sealed class ChannelRun : IDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly PipelineParts _parts;
    private readonly AsyncSignal _signal = new();
    private readonly EngineContext _context;
    private readonly Channel<InFlightDocument[]> _chunks;
    private readonly ModelLoop _models;
    private readonly DeliveryLoop _delivery;
    private readonly CommitLoop _commits;

    public ChannelRun(Pipeline pipeline, CancellationTokenSource stop)
    {
        _stop = stop;
        _parts = new PipelineParts(pipeline, _signal.Set, stop);
        _context = _parts.Context;
        _chunks = Channel.CreateBounded<InFlightDocument[]>(new BoundedChannelOptions(Math.Max(4, 2 * _context.Workers)) { SingleWriter = true });
        _commits = new CommitLoop(_parts);
        _delivery = new DeliveryLoop(_parts, _commits);
        _models = new ModelLoop(_parts, _signal, _delivery.Add);
    }

    /// <summary>Runs to the end, to the drain, or to the first failure, which it throws.</summary>
    public async Task RunAsync(CancellationToken drain)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var concurrent = _parts.Runner.Concurrency();
        try
        {
            await _context.Pipeline.Source.StartAsync(_parts.Assignments, _stop.Token);
            _context.Progress.Start();
            var background = Task.WhenAll(
                Guard(() => _parts.Deliverer.IsTransactional ? Task.CompletedTask : _commits.RunAsync(end.Token), end.Token),
                Guard(() => LagMeter.RunAsync(_context, end.Token), end.Token));
            var read = Guard(() => ReadAsync(drain), default);
            var prepared = Start(_context.Workers, PrepareAsync);
            var modelled = Start(concurrent, _models.RunAsync);
            var delivered = Guard(_delivery.RunAsync, default);

            await read;
            _chunks.Writer.Complete();
            await prepared;
            _parts.Queue.Complete();
            _signal.Set();
            await modelled;
            _delivery.Complete();
            await delivered;
            await end.CancelAsync();
            await background;
            if (_parts.Failure is null && !_parts.Deliverer.IsTransactional && !_stop.IsCancellationRequested)
                await Guard(() => _parts.Committer.CommitAsync(_stop.Token).AsTask(), default);
        }
        finally
        {
            _parts.Assignments.End();
            await _stop.CancelAsync();
            _parts.Assignments.Abandon();
        }

        if (_parts.Failure is { } failure)
            ExceptionDispatchInfo.Throw(failure);
    }

    public void Dispose()
    {
        _models.Dispose();
        _parts.Dispose();
    }

    private async Task ReadAsync(CancellationToken drain)
    {
        while (await _parts.Intake.ReadAsync(drain) is { } chunks)
        {
            foreach (var chunk in chunks)
                await _chunks.Writer.WriteAsync(chunk, _context.Stop);
        }
    }

    private async Task PrepareAsync()
    {
        var windows = new List<ModelWindow>();
        await foreach (var chunk in _chunks.Reader.ReadAllAsync(_context.Stop))
        {
            windows.Clear();
            await _parts.Preparer.PrepareAsync(chunk, windows, _delivery.Add);
            _parts.Queue.Add(windows, chunk.Length);
            _signal.Set();
        }
    }

    private Task Start(int count, Func<Task> stage)
    {
        var tasks = new Task[count];
        for (var i = 0; i < count; i++)
            tasks[i] = Guard(stage, default);
        return Task.WhenAll(tasks);
    }

    /// <summary>Runs a stage on the pool; its failure, if it is the first, becomes the run's and stops the other stages.</summary>
    private async Task Guard(Func<Task> stage, CancellationToken end)
    {
        try
        {
            await Task.Run(stage, CancellationToken.None);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested || end.IsCancellationRequested)
        {
        }
        catch (Exception exception)
        {
            await _parts.FailAsync(exception);
        }
    }
}
