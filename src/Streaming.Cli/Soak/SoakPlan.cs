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

    /// <summary>Most growth of physical memory from the second quarter to the last, in per cent, over <see cref="SteadyMemory"/> and more.</summary>
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

    /// <summary>Below this, growth of memory says nothing: reported, not judged.</summary>
    public static readonly TimeSpan ShortestForMemory = TimeSpan.FromSeconds(90);

    /// <summary>From here on the first quarter is the whole warm-up: code compiled, caches and arenas as large as they get.</summary>
    public static readonly TimeSpan SteadyMemory = TimeSpan.FromMinutes(10);

    /// <summary>Shorter runs see the end of the warm-up too: four times the bound finds only a leak that is fast.</summary>
    public double GrowthBound => Duration >= SteadyMemory ? MaxGrowthPercent : 4 * MaxGrowthPercent;

    /// <summary>Most messages that can come together.</summary>
    public int Capacity => checked((int)((Duration.TotalSeconds + 2) * PerSecond * (1 + ((double)BurstSeconds / BurstEvery))) + (PerSecond * BurstSeconds) + 1_000);
}
