namespace Streaming.Core.Engine;

/// <summary>
/// Runs a pipeline: read, decode, prepare, batch, encode, annotate, write, commit, with the delivery rules of
/// ARCHITECTURE.md. Engines differ in how they schedule, never in what comes out.
/// </summary>
public interface IPipelineEngine
{
    /// <summary>Short name for logs and metrics, e.g. <c>channels</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Runs until the source ends or <paramref name="drain"/> is cancelled; then no more is read, what is in flight is
    /// finished and committed, and the task completes. <paramref name="abort"/> gives up at once: nothing uncommitted is lost, it is read again.
    /// </summary>
    /// <exception cref="StreamingException">The pipeline cannot go on.</exception>
    Task RunAsync(Pipeline pipeline, CancellationToken drain, CancellationToken abort);

    /// <summary>Begins something anew each time it fails, with waits that double, up to a longest, and are jittered.</summary>
    /// <param name="attempt">Returns when it is over; throws what another attempt may mend.</param>
    /// <param name="delivery">The first and the longest wait.</param>
    /// <param name="time">Clock and timers.</param>
    /// <param name="end">Ends a wait. An attempt under way is left to end by itself.</param>
    async Task RestartAsync(Func<Task> attempt, DeliveryOptions delivery, TimeProvider time, CancellationToken end)
    {
        var failures = 0;
        while (true)
        {
            var started = time.GetTimestamp();
            try
            {
                await attempt();
                return;
            }
            catch (Exception)
            {
                if (time.GetElapsedTime(started) >= PipelineSupervisor.Healthy)
                    failures = 0;
            }

            try
            {
                await Task.Delay(DependencyRetry.Backoff(delivery.RetryDelay, delivery.MaxRetryDelay, failures++), time, end);
            }
            catch (OperationCanceledException) when (end.IsCancellationRequested)
            {
                return;
            }
        }
    }
}
