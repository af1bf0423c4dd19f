using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Core.Telemetry;

namespace Streaming.Cli.Composition;

/// <summary>Something a process does beside serving, again and again until it is disposed. What goes wrong is told, and tried again later.</summary>
internal sealed class BackgroundWork : IAsyncDisposable
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(15);

    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    private BackgroundWork()
    {
    }

    /// <summary>Starts it.</summary>
    /// <param name="context">The world.</param>
    /// <param name="code">Code of the notice when it fails.</param>
    /// <param name="what">What the notice says in front of the reason.</param>
    /// <param name="action">One round of it.</param>
    public static BackgroundWork Start(CliContext context, string code, string what, Func<CancellationToken, Task> action)
    {
        var work = new BackgroundWork();
        work._running = Task.Run(() => RunAsync(context, code, what, action, work._stop.Token));
        return work;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private static async Task RunAsync(CliContext context, string code, string what, Func<CancellationToken, Task> action, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await action(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is StreamingException or IOException)
            {
                context.Tell(new Notice(NoticeLevel.Warning, code, $"{what}: {error.Message}"));
                await Task.Delay(Again, context.Time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
