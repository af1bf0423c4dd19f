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

/// <summary>One run of a pipeline as a graph.</summary>
/// <remarks>
/// <code>
/// UnfoldAsync(read) ─┬→ SelectAsyncUnordered(prepare) → micro-batch → SelectAsyncUnordered(model) → mark
///                    └→ GroupBy(partition) → SelectAsync(marked) → MergeSubstreams → Batch → SelectAsyncUnordered(1, deliver)
/// </code>
/// <list type="bullet">
/// <item>Order is what <c>GroupBy</c> and <c>SelectAsync</c> give: a substream for each partition, in which documents go on in
/// the order they were read, however the model's calls overtake one another. A document that takes long holds its own
/// substream only: no substream is ever full, because each has room for all that the pipeline may hold.</item>
/// <item>Documents are marked by the actor and never by a call's own thread: Akka's <c>SelectAsync</c> looks at an answer that
/// is just being written, in several parts, and a call that ends at that moment would stop the graph without a word. For the
/// same reason calls themselves go through <c>SelectAsyncUnordered</c>, which takes their answers as messages.</item>
/// <item>The graph is fused into one actor that moves things and never computes: every call that may wait or work runs on
/// the pool.</item>
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
            var (models, killSwitch, delivered) = graph.Run(system.Materializer());
            await using (_stop.Token.Register(() => killSwitch.Abort(new OperationCanceledException("the run was stopped"))))
                await Task.WhenAll(FinishAsync(models), FinishAsync(delivered));
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

    private IRunnableGraph<(Task Models, UniqueKillSwitch KillSwitch, Task Delivered)> Graph(int concurrentBatches, CancellationToken drain)
    {
        var models = Flow.Create<InFlightDocument[]>()
            .SelectAsyncUnordered(_context.Workers, PrepareAsync)
            .Via(new MicroBatchStage(_parts, _wake))
            .SelectAsyncUnordered(concurrentBatches, ComputeAsync)
            .ToMaterialized(Sink.ForEach<EndedDocuments>(static ended => ended.Mark()), Keep.Right);
        var read = Source
            .UnfoldAsync(NotUsed.Instance, _ => ReadAsync(drain))
            .SelectMany(static chunks => chunks)
            .AlsoToMaterialized(models, Keep.Right, propagateFailure: true)
            .SelectMany(static chunk => chunk);
        var inOrder = (Source<InFlightDocument, Task<Done>>)read
            .GroupBy(int.MaxValue, static document => document.Message.Partition)
            .SelectAsync(_context.Pipeline.Batching.MaxQueueSize, static document => document.Known!.Task)
            .MergeSubstreams();
        return inOrder
            .Select(LeaveLane)
            .Batch(
                _context.Pipeline.Delivery.MaxWriteSize,
                static document => new List<InFlightDocument> { document },
                static (gathered, document) =>
                {
                    gathered.Add(document);
                    return gathered;
                })
            .SelectAsyncUnordered(1, DeliverAsync)
            .ViaMaterialized(KillSwitches.Single<NotUsed>(), Keep.Both)
            .ToMaterialized(Sink.Ignore<NotUsed>(), static (started, delivered) => ((Task)started.Item1, started.Item2, (Task)delivered))
            .WithAttributes(ActorAttributes.CreateSupervisionStrategy(Deciders.StoppingDecider));
    }

    private Task<Option<(NotUsed, IReadOnlyList<InFlightDocument[]>)>> ReadAsync(CancellationToken drain) => CallAsync(
        async () =>
        {
            if (await _parts.Intake.ReadAsync(drain) is not { } chunks)
                return Option<(NotUsed, IReadOnlyList<InFlightDocument[]>)>.None;
            foreach (var chunk in chunks)
            {
                foreach (var document in chunk)
                    document.Known = new TaskCompletionSource<InFlightDocument>();
            }

            return Option<(NotUsed, IReadOnlyList<InFlightDocument[]>)>.Create((NotUsed.Instance, chunks));
        });

    private Task<PreparedChunk> PrepareAsync(InFlightDocument[] documents) => CallAsync(async () =>
    {
        var chunk = new PreparedChunk(documents.Length, [], new EndedDocuments());
        await _parts.Preparer.PrepareAsync(documents, chunk.Windows, chunk.Ended.Add);
        return chunk;
    });

    private Task<EndedDocuments> ComputeAsync(MicroBatch<ModelWindow> batch) => CallAsync(async () =>
    {
        var ended = new EndedDocuments();
        await _parts.Runner.RunAsync(batch, ended.Add);
        return ended;
    });

    /// <summary>The lane keeps what is on its way; a document leaves it when its substream lets it go.</summary>
    private static InFlightDocument LeaveLane(InFlightDocument document)
    {
        InFlightDocument? left = null;
        document.Lane.Release(document, first => left = first);
        return left == document ? document : throw new InvalidOperationException("this is a bug: a document overtook another of its partition");
    }

    private Task<NotUsed> DeliverAsync(List<InFlightDocument> documents) => CallAsync(async () =>
    {
        // Judged here, right before the write: a partition that went while they waited is fenced already.
        documents.RemoveAll(document => !_parts.Deliverer.Admit(document));
        await _parts.Deliverer.DeliverAsync(documents);
        if (!_parts.Deliverer.IsTransactional)
            _commits.Finished(documents.Count);
        return NotUsed.Instance;
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

    /// <summary>Waits for the end of a branch. What fails it is known already, unless a stage itself is broken.</summary>
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
