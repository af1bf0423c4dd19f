namespace Streaming.Cli.Soak;

/// <summary>What a soak does, for how long, and what must hold.</summary>
internal sealed record SoakPlan
{
    /// <summary>How long messages are produced.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Messages a second when nothing special happens. 1–10,000.</summary>
    public required int PerSecond { get; init; }

    /// <summary>From Kafka instead of the embedded log.</summary>
    public required bool FromKafka { get; init; }

    /// <summary><c>embedded</c>, <c>fake</c> or <c>elasticsearch</c>.</summary>
    public required string Sink { get; init; }

    /// <summary>Bundle of the model.</summary>
    public required string Bundle { get; init; }

    /// <summary>Most growth of physical memory behind the warm-up, in per cent.</summary>
    public required double MaxGrowthPercent { get; init; }

    /// <summary>Longest 99th percentile from produced to acknowledged, restarts and refusals included.</summary>
    public required TimeSpan MaxP99 { get; init; }

    /// <summary>Seconds between two restarts of the run.</summary>
    public int RestartEvery { get; init; } = 15;

    /// <summary>Seconds between two bursts.</summary>
    public int BurstEvery { get; init; } = 20;

    /// <summary>A burst, in seconds' worth of messages.</summary>
    public int BurstSeconds { get; init; } = 10;

    /// <summary>Longest wait without anything ending, when nothing is produced any more.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Most messages that can come together.</summary>
    public int Capacity => checked((int)((Duration.TotalSeconds + 2) * PerSecond * (1 + ((double)BurstSeconds / BurstEvery))) + (PerSecond * BurstSeconds) + 1_000);
}
