using Streaming.Core.Telemetry;

namespace Streaming.Core.Engine;

/// <summary>
/// Keeps a pipeline running: after an infrastructure failure it makes the pipeline anew, from the committed offsets, with
/// doubling, jittered waits. It gives up on what a restart can't mend: a usage error, a bug, and a first start that fails.
/// </summary>
public sealed class PipelineSupervisor(IPipelineEngine engine, DeliveryOptions options, TimeProvider time)
{
    /// <summary>A run that lasted so long counts as a success: the next failure starts again with the shortest wait.</summary>
    private static readonly TimeSpan Healthy = TimeSpan.FromMinutes(1);

    /// <summary>Runs until the source ends, <paramref name="drain"/> has drained it, or it can't go on.</summary>
    /// <param name="create">Makes the pipeline for one run; each call a fresh source.</param>
    /// <param name="drain">See <see cref="IPipelineEngine.RunAsync"/>.</param>
    /// <param name="abort">See <see cref="IPipelineEngine.RunAsync"/>.</param>
    /// <exception cref="StreamingException">The pipeline cannot go on.</exception>
    public async Task RunAsync(Func<CancellationToken, ValueTask<PipelineInstance>> create, CancellationToken drain, CancellationToken abort)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(drain, abort);
        var attempt = 0;
        var hasRun = false;
        while (true)
        {
            var started = time.GetTimestamp();
            Exception failure;
            Action<PipelineNotice>? notify = null;
            string? topology = null;
            try
            {
                await using var instance = await create(abort);
                notify = instance.Pipeline.Notify;
                topology = instance.Pipeline.Topology;
                var progress = instance.Pipeline.Progress;
                try
                {
                    await engine.RunAsync(instance.Pipeline, drain, abort);
                    return;
                }
                finally
                {
                    hasRun |= progress is null || progress.IsStarted;
                }
            }
            catch (Exception exception) when (hasRun && IsInfrastructure(exception) && !abort.IsCancellationRequested)
            {
                failure = exception;
            }

            if (drain.IsCancellationRequested)
            {
                // Asked to end anyway; what was not committed is read again next time.
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
            }

            if (time.GetElapsedTime(started) >= Healthy)
                attempt = 0;
            if (topology is not null)
            {
                using var telemetry = new PipelineTelemetry(topology);
                telemetry.Restarted();
            }

            var code = (failure as StreamingException)?.Code ?? "pipeline_failed";
            notify?.Invoke(new PipelineNotice(PipelineNoticeKind.Restarting, code, $"starting again after: {failure.Message}"));
            try
            {
                await Task.Delay(DependencyRetry.Backoff(options.RetryDelay, options.MaxRetryDelay, attempt++), time, either.Token);
            }
            catch (OperationCanceledException) when (drain.IsCancellationRequested && !abort.IsCancellationRequested)
            {
                return;
            }
        }
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
