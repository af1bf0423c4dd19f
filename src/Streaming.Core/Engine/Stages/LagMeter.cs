namespace Streaming.Core.Engine.Stages;

/// <summary>Measures from time to time how far the commits are behind the log.</summary>
internal static class LagMeter
{
    /// <summary>Measures until told to end.</summary>
    public static async Task RunAsync(EngineContext context, CancellationToken end)
    {
        var interval = context.Pipeline.Delivery.LagInterval;
        if (interval <= TimeSpan.Zero)
            return;
        using var timer = new PeriodicTimer(interval, context.Time);
        while (await timer.WaitForNextTickAsync(end))
        {
            try
            {
                var lag = await context.Pipeline.Source.GetLagAsync(end);
                context.Telemetry.Lag(lag);
                context.Progress.SetBacklog(lag.Messages);
            }
            catch (DependencyUnavailableException exception)
            {
                // A figure that can't be had now is no reason to stop; the reader waits by itself.
                context.Telemetry.Retried(exception.Code);
            }
        }
    }
}
