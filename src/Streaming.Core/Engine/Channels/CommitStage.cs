using Streaming.Core.Messaging;

namespace Streaming.Core.Engine.Channels;

/// <summary>Commits what is finished: by interval, by count, and when told (a partition goes, the run ends).</summary>
internal sealed class CommitStage(EngineContext context) : IDisposable
{
    private readonly AsyncSignal _signal = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private int _finished;

    /// <summary>So many messages are finished since.</summary>
    public void Finished(int messages)
    {
        if (Interlocked.Add(ref _finished, messages) >= context.Pipeline.Delivery.CommitEvery)
            _signal.Set();
    }

    /// <summary>Commits from time to time until told to end.</summary>
    public async Task RunAsync(CancellationToken end)
    {
        var interval = context.Pipeline.Delivery.CommitInterval;
        await using var timer = context.Time.CreateTimer(static signal => ((AsyncSignal)signal!).Set(), _signal, interval, interval);
        while (true)
        {
            await _signal.WaitAsync(end);
            await CommitAsync(context.Stop);
        }
    }

    /// <summary>Commits every partition held as far as it is finished.</summary>
    public async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            Interlocked.Exchange(ref _finished, 0);

            // Taken anew at each try: a partition that went meanwhile is no longer among them.
            await context.Retry.RunAsync(static (self, token) => self.TryCommitAsync(token), this, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private async ValueTask<bool> TryCommitAsync(CancellationToken cancellationToken)
    {
        var commits = new List<PartitionCommit>();
        context.Tracker.TakeCommits(commits);
        if (commits.Count == 0)
            return false;
        var started = context.Time.GetTimestamp();
        try
        {
            await context.Pipeline.Source.CommitAsync(commits, cancellationToken);
        }
        catch
        {
            context.Tracker.Untake(commits);
            throw;
        }

        context.Telemetry.Committed(context.Time.GetElapsedTime(started));
        return true;
    }
}
