namespace Streaming.Core.Engine;

/// <summary>How results are written, committed and retried.</summary>
public sealed record DeliveryOptions
{
    /// <summary>Documents of one write to the sink. 1–10,000.</summary>
    public int MaxWriteSize { get; init; } = 500;

    /// <summary>Longest time between a finished message and its commit. 10 ms–60 s.</summary>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Finished messages after which a commit does not wait for the interval. 1–1,000,000.</summary>
    public int CommitEvery { get; init; } = 10_000;

    /// <summary>First wait before a dependency that is away is tried again; doubles, with jitter. 1 ms–10 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest such wait. Up to 5 min.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How often consumer lag is measured; zero: never. Up to 10 min.</summary>
    public TimeSpan LagInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Raised by one when the source topic was created anew or repartitioned; see <see cref="Messaging.DocumentVersion"/>.</summary>
    public int Generation { get; init; }
}
