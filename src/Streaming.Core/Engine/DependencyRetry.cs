using System.Security.Cryptography;

namespace Streaming.Core.Engine;

/// <summary>
/// Tries again for as long as a dependency is away, with doubling, jittered waits. An outage is told once when it starts and
/// once when it ends; it never makes a dead letter.
/// </summary>
internal sealed class DependencyRetry(DeliveryOptions options, TimeProvider time, Action<PipelineNotice>? notify, Action<string> count)
{
    private readonly HashSet<string> _away = new(StringComparer.Ordinal); // told, by code; its own lock

    /// <summary>Runs an action until it answers, throws something else, or is cancelled.</summary>
    public async ValueTask<TResult> RunAsync<TState, TResult>(
        Func<TState, CancellationToken, ValueTask<TResult>> action, TState state, CancellationToken cancellationToken)
    {
        var attempt = 0;
        string? lost = null;
        while (true)
        {
            DependencyUnavailableException away;
            try
            {
                var result = await action(state, cancellationToken);
                if (lost is not null)
                    Tell(new PipelineNotice(PipelineNoticeKind.DependencyBack, lost, "it answers again"));
                return result;
            }
            catch (DependencyUnavailableException exception)
            {
                away = exception;
            }

            count(away.Code);
            lost = away.Code;
            Tell(new PipelineNotice(PipelineNoticeKind.DependencyLost, lost, away.Message));

            await Task.Delay(Backoff(options.RetryDelay, options.MaxRetryDelay, attempt++), time, cancellationToken);
        }
    }

    /// <summary>Several calls may meet the same outage; the first to see it tells, and the first to see it end. In that order: under the lock.</summary>
    private void Tell(PipelineNotice notice)
    {
        lock (_away)
        {
            if (notice.Kind == PipelineNoticeKind.DependencyLost ? _away.Add(notice.Code) : _away.Remove(notice.Code))
                notify?.Invoke(notice);
        }
    }

    /// <summary>Half to all of the doubled wait, so that many that failed together do not come back together.</summary>
    public static TimeSpan Backoff(TimeSpan first, TimeSpan longest, int attempt)
    {
        var wait = Math.Min(longest.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Min(attempt, 30)));
        return TimeSpan.FromMilliseconds(wait * (0.5 + (RandomNumberGenerator.GetInt32(1_000) / 2_000.0)));
    }
}
