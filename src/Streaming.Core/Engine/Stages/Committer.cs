using Streaming.Core.Messaging;

namespace Streaming.Core.Engine.Stages;

/// <summary>Commits what is finished, when an engine says so (by interval, by count, a partition goes, the run ends). One at a time.</summary>
internal sealed class Committer(EngineContext context) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Commits every partition held as far as it is finished.</summary>
    public async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
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
