using System.Runtime.ExceptionServices;
using Akka;
using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Akka.Streams.Supervision;
using Akka.Util;
using Streaming.Core.Engine;
using Streaming.Core.Engine.Stages;

namespace Streaming.Adapters.AkkaStreams;

/// <summary>
/// One run of a pipeline as a graph: read → prepare → micro-batch → model → in order per partition → gather → deliver.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>The graph is fused into one actor that moves containers and never computes: every call that may wait or work runs on
/// the pool, under <see cref="Source.UnfoldAsync{TState,TElem}"/>, <c>SelectAsync</c> or <c>SelectAsyncUnordered</c>.</item>
/// <item>Draining ends the reading itself, so that whatever was read has entered the graph and goes through to its end; a
/// kill switch at that place could drop a read that has just returned. Aborting and the first failure pull the kill switch at
/// the graph's end, which cancels everything above it.</item>
/// <item>Commits run beside the graph: a broker that does not take them must not hold up what goes to the sink.</item>
/// </list>
/// </remarks>
internal sealed class GraphRun : IDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly PipelineParts _parts;
    private readonly EngineContext _context;
    private readonly CommitLoop _commits;
    private readonly CallsInFlight _calls = new();
    private readonly Pools _pools = new();
    private readonly Wake _wake = new();

    public GraphRun(Pipeline pipeline, CancellationTokenSource stop)
    {
        _stop = stop;
        _parts = new PipelineParts(pipeline, _wake.Signal, stop);
        _context = _parts.Context;
        _commits = new CommitLoop(_parts);
    }

    /// <summary>Runs to the end, to the drain, or to the first failure, which it throws.</summary>
    public async Task RunAsync(CancellationToken drain)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var graph = Graph(_parts.Runner.Concurrency(), drain);
        ActorSystem? system = null;
        try
        {
            await _context.Pipeline.Source.StartAsync(_parts.Assignments, _stop.Token);
            _context.Progress.Start();
            system = ActorSystems.Create();
            var background = Task.WhenAll(
                BesideAsync(() => _parts.Deliverer.IsTransactional ? Task.CompletedTask : _commits.RunAsync(end.Token), end.Token),
                BesideAsync(() => LagMeter.RunAsync(_context, end.Token), end.Token));
            var (killSwitch, done) = graph.Run(system.Materializer());
            await using (_stop.Token.Register(() => killSwitch.Abort(new OperationCanceledException("the run was stopped"))))
                await FinishAsync(done);
            await end.CancelAsync();
            await background;
            if (_parts.Failure is null && !_parts.Deliverer.IsTransactional && !_stop.IsCancellationRequested)
                await BesideAsync(() => _parts.Committer.CommitAsync(_stop.Token).AsTask(), default);
        }
        finally
        {
            _parts.Assignments.End();
            await _stop.CancelAsync();
            await _calls.CloseAsync();
            _parts.Assignments.Abandon();
            if (system is not null)
                await system.Terminate();
        }

        if (_parts.Failure is { } failure)
            ExceptionDispatchInfo.Throw(failure);
    }

    public void Dispose() => _parts.Dispose();

    private IRunnableGraph<(UniqueKillSwitch KillSwitch, Task Done)> Graph(int concurrentBatches, CancellationToken drain)
    {
        var most = _context.Pipeline.Delivery.MaxWriteSize;
        return Source
            .UnfoldAsync(NotUsed.Instance, _ => ReadAsync(drain))
            .SelectMany(static chunks => chunks)
            .SelectAsync(_context.Workers, PrepareAsync)
            .Via(new MicroBatchStage(_parts, _pools, _wake))
            .SelectAsyncUnordered(concurrentBatches, ComputeAsync)
            .SelectMany(InOrder)
            .BatchWeighted(
                most,
                static documents => documents.Count,
                static documents => documents,
                (gathered, documents) =>
                {
                    gathered.AddRange(documents);
                    _pools.Return(documents);
                    return gathered;
                })
            .SelectAsync(1, DeliverAsync)
            .Select(_pools.Return)
            .ViaMaterialized(KillSwitches.Single<NotUsed>(), Keep.Right)
            .ToMaterialized(Sink.Ignore<NotUsed>(), static (killSwitch, done) => (killSwitch, (Task)done))
            .WithAttributes(ActorAttributes.CreateSupervisionStrategy(Deciders.StoppingDecider));
    }

    private Task<Option<(NotUsed, IReadOnlyList<InFlightDocument[]>)>> ReadAsync(CancellationToken drain) => CallAsync(
        async () => await _parts.Intake.ReadAsync(drain) is { } chunks
            ? Option<(NotUsed, IReadOnlyList<InFlightDocument[]>)>.Create((NotUsed.Instance, chunks))
            : Option<(NotUsed, IReadOnlyList<InFlightDocument[]>)>.None);

    private Task<PreparedChunk> PrepareAsync(InFlightDocument[] documents)
    {
        var chunk = _pools.RentChunk();
        return CallAsync(async () =>
        {
            chunk.Count = documents.Length;
            await _parts.Preparer.PrepareAsync(documents, chunk.Windows, chunk.OnEnded);
            return chunk;
        });
    }

    private Task<ModelCall> ComputeAsync(ModelCall call) => call.HasBatch
        ? CallAsync(async () =>
        {
            await _parts.Runner.RunAsync(call.Batch, call.OnEnded);
            return call;
        })
        : Task.FromResult(call);

    /// <summary>
    /// The place where order per partition is kept: model calls come back in any order, and a document goes on when all that
    /// were read before it in its partition have.
    /// </summary>
    /// <returns>Lists of at most one write's size.</returns>
    private IEnumerable<List<InFlightDocument>> InOrder(ModelCall call)
    {
        var released = _pools.RentList();
        Action<InFlightDocument> onward = released.Add;
        foreach (var document in call.Ended)
            document.Lane.Release(document, onward);
        _pools.Return(call);
        var most = _context.Pipeline.Delivery.MaxWriteSize;
        if (released.Count is > 0 && released.Count <= most)
            return [released];
        var lists = new List<List<InFlightDocument>>((released.Count / most) + 1);
        for (var start = 0; start < released.Count; start += most)
            lists.Add(released.GetRange(start, Math.Min(most, released.Count - start)));
        _pools.Return(released);
        return lists;
    }

    private Task<List<InFlightDocument>> DeliverAsync(List<InFlightDocument> documents) => CallAsync(async () =>
    {
        // Judged here, right before the write: a partition that went while they waited is fenced already.
        documents.RemoveAll(document => !_parts.Deliverer.Admit(document));
        await _parts.Deliverer.DeliverAsync(documents);
        if (!_parts.Deliverer.IsTransactional)
            _commits.Finished(documents.Count);
        return documents;
    });

    /// <summary>Runs a call on the pool; its failure, if it is the first, becomes the run's and stops everything else.</summary>
    private async Task<TResult> CallAsync<TResult>(Func<Task<TResult>> call)
    {
        if (!_calls.TryEnter())
            throw new OperationCanceledException("the run is over");
        try
        {
            // Off the actor's thread, which must not wait for a tokeniser or a model.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            return await call();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception)
        {
            await _parts.FailAsync(exception);
            throw;
        }
        finally
        {
            _calls.Leave();
        }
    }

    /// <summary>Runs something that is no part of the graph.</summary>
    private async Task BesideAsync(Func<Task> work, CancellationToken end)
    {
        try
        {
            await Task.Run(work, CancellationToken.None);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested || end.IsCancellationRequested)
        {
        }
        catch (Exception exception)
        {
            await _parts.FailAsync(exception);
        }
    }

    /// <summary>Waits for the graph's end. What fails it is known already, unless a stage itself is broken.</summary>
    private async Task FinishAsync(Task done)
    {
        try
        {
            await done;
        }
        catch (Exception exception)
        {
            if (_parts.Failure is null && !_stop.IsCancellationRequested)
                await _parts.FailAsync(exception is AggregateException { InnerExceptions.Count: 1 } one ? one.InnerException! : exception);
        }
    }
}
