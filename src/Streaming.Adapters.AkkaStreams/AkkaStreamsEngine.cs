using Akka;
using Akka.Streams;
using Akka.Streams.Dsl;
using Streaming.Core.Engine;

namespace Streaming.Adapters.AkkaStreams;

/// <summary>
/// Runs a pipeline as an Akka.Streams graph. One instance may run several pipelines; each run has an actor system of its own,
/// started with it and terminated before it returns, so nothing of Akka outlives a run.
/// </summary>
/// <remarks>
/// A <c>RestartSource</c> stands around whole runs and not inside a graph: a source that has thrown is of no further use, and
/// what was in flight must be fenced and read anew from the commits. A restart inside would keep the lanes, leases and
/// offsets of the run that failed.
/// </remarks>
public sealed class AkkaStreamsEngine : IPipelineEngine
{
    /// <inheritdoc/>
    public string Name => "akka";

    /// <inheritdoc/>
    public async Task RunAsync(Pipeline pipeline, CancellationToken drain, CancellationToken abort)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(abort);
        using var run = new GraphRun(pipeline, stop);
        await run.RunAsync(drain);
        abort.ThrowIfCancellationRequested();
    }

    /// <inheritdoc/>
    public async Task RestartAsync(Func<Task> attempt, DeliveryOptions delivery, TimeProvider time, CancellationToken end)
    {
        var settings = RestartSettings
            .Create(delivery.RetryDelay, delivery.MaxRetryDelay, randomFactor: 0.5)
            .WithMaxRestarts(int.MaxValue, PipelineSupervisor.Healthy);
        var running = Task.FromResult(NotUsed.Instance);
        var system = ActorSystems.Create();
        try
        {
            var (killSwitch, over) = RestartSource
                .OnFailuresWithBackoff(() => Source.FromTask(running = OnPool()), settings)
                .ViaMaterialized(KillSwitches.Single<NotUsed>(), Keep.Right)
                .ToMaterialized(Sink.Ignore<NotUsed>(), Keep.Both)
                .Run(system.Materializer());
            await using (end.Register(killSwitch.Shutdown))
                await over;

            // The switch ends a wait; an attempt under way ends by itself.
            await ((Task)running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            await system.Terminate();
        }

        Task<NotUsed> OnPool() => Task.Run(async () =>
        {
            await attempt();
            return NotUsed.Instance;
        });
    }
}
