namespace Streaming.Cli.Running;

/// <summary>Gives a drain its time: the abort token fires when, after the drain was asked for, the bound has passed.</summary>
internal sealed class DrainBound : IDisposable
{
    /// <summary>Longest drain; orchestrators usually kill after 30 s.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(25);

    private readonly CancellationTokenSource _abort;
    private readonly CancellationTokenRegistration _registration;

    public DrainBound(TimeProvider time, CancellationToken drain)
    {
        _abort = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _registration = drain.Register(() => _abort.CancelAfter(Longest));
    }

    /// <summary>Cancelled when the time is up.</summary>
    public CancellationToken Abort => _abort.Token;

    public void Dispose()
    {
        _registration.Dispose();
        _abort.Dispose();
    }
}
