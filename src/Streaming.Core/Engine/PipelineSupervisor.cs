using System.Runtime.ExceptionServices;
using Streaming.Core.Telemetry;

namespace Streaming.Core.Engine;

/// <summary>
/// Keeps a pipeline running: after an infrastructure failure it makes the pipeline anew, from the committed offsets, with
/// waits of the engine's making. It gives up on what a restart can't mend: a usage error, a bug, and a first start that fails.
/// </summary>
public sealed class PipelineSupervisor(IPipelineEngine engine, DeliveryOptions options, TimeProvider time)
{
    /// <summary>A run that lasted so long counts as a success: the next failure starts again with the shortest wait.</summary>
    public static readonly TimeSpan Healthy = TimeSpan.FromMinutes(1);

    /// <summary>Runs until the source ends, <paramref name="drain"/> has drained it, or it can't go on.</summary>
    /// <param name="create">Makes the pipeline for one run; each call a fresh source.</param>
    /// <param name="drain">See <see cref="IPipelineEngine.RunAsync"/>.</param>
    /// <param name="abort">See <see cref="IPipelineEngine.RunAsync"/>.</param>
    /// <exception cref="StreamingException">The pipeline cannot go on.</exception>
    public async Task RunAsync(Func<CancellationToken, ValueTask<PipelineInstance>> create, CancellationToken drain, CancellationToken abort)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(drain, abort);
        var hasRun = false;
        Exception? fatal = null;
        await engine.RestartAsync(AttemptAsync, options, time, either.Token);
        if (fatal is not null)
            ExceptionDispatchInfo.Throw(fatal);
        abort.ThrowIfCancellationRequested();

        async Task AttemptAsync()
        {
            Pipeline? pipeline = null;
            try
            {
                await using var instance = await create(abort);
                pipeline = instance.Pipeline;
                try
                {
                    await engine.RunAsync(pipeline, drain, abort);
                }
                finally
                {
                    hasRun |= pipeline.Progress is null || pipeline.Progress.IsStarted;
                }
            }
            catch (Exception exception) when (hasRun && IsInfrastructure(exception) && !either.IsCancellationRequested)
            {
                Tell(pipeline, exception);
                throw;
            }
            catch (Exception exception)
            {
                // What no restart mends; or it was asked to end anyway, and what was not committed is read again next time.
                fatal = exception;
            }
        }
    }

    private static void Tell(Pipeline? pipeline, Exception failure)
    {
        if (pipeline is null)
            return;
        using var telemetry = new PipelineTelemetry(pipeline.Topology);
        telemetry.Restarted();
        var code = (failure as StreamingException)?.Code ?? "pipeline_failed";
        pipeline.Notify?.Invoke(new PipelineNotice(PipelineNoticeKind.Restarting, code, $"starting again after: {failure.Message}"));
    }

    /// <summary>Usage errors and failed checks stay wrong; "this is a bug" must be seen; everything else may pass.</summary>
    private static bool IsInfrastructure(Exception exception) => exception switch
    {
        DependencyUnavailableException => true,

        // The same model object would fail again; a fresh process may not.
        StreamingException { Code: Stages.ModelGuard.Code } => false,
        StreamingException coded => coded.ExitCode == ExitCode.DependencyUnavailable,
        InvalidOperationException or ArgumentException or NullReferenceException or OperationCanceledException => false,
        _ => true,
    };
}
