using Streaming.Core;

namespace Streaming.Adapters.Sqlite;

/// <summary>How an <see cref="EmbeddedStore"/> behaves. The defaults suit one machine with a few gigabytes of text.</summary>
public sealed record EmbeddedStoreOptions
{
    /// <summary>Partitions of a topic that is written to before anyone made it. 1–1,024; default 1.</summary>
    public int DefaultPartitions { get; init; } = 1;

    /// <summary>Largest message, key and value and headers together, in bytes; larger ones are refused. 1 KiB–256 MiB; default 32 MiB.</summary>
    public int MaxMessageBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>Memory for cached pages in bytes, all connections together. 1 MiB–4 GiB; default 16 MiB.</summary>
    public long CacheBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>How long to wait for another process that writes. 1 s–10 min; default 30 s.</summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a waiting reader looks for messages of other processes; those of its own wake it at once. 1 ms–10 s; default 50 ms.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>A search that takes longer answers with what it has found so far. 10 ms–10 min; default 3 s.</summary>
    public TimeSpan SearchTimeLimit { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Size of the log ahead of which a checkpoint is made, in bytes. 256 KiB–32 MiB; default 8 MiB.</summary>
    public long CheckpointBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Size of the log ahead beyond which writes wait for its readers, then fail, in bytes. 16 MiB–4 GiB; default 64 MiB.</summary>
    public long MaxWalBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>How often one message may be tried before it can no longer be redriven. 1–100; default 5.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>How long messages that every consumer group has committed are kept; null (default) keeps them for ever.</summary>
    public TimeSpan? RetainConsumed { get; init; }

    internal void Validate()
    {
        var errors = new List<string>();
        void Check(bool holds, string rule)
        {
            if (!holds)
                errors.Add(rule);
        }
        Check(DefaultPartitions is >= 1 and <= 1_024, $"DefaultPartitions must be 1 to 1,024, not {DefaultPartitions}");
        Check(MaxMessageBytes is >= 1_024 and <= 256 * 1024 * 1024, $"MaxMessageBytes must be 1 KiB to 256 MiB, not {MaxMessageBytes}");
        Check(CacheBytes is >= 1L << 20 and <= 4L << 30, $"CacheBytes must be 1 MiB to 4 GiB, not {CacheBytes}");
        Check(BusyTimeout >= TimeSpan.FromSeconds(1) && BusyTimeout <= TimeSpan.FromMinutes(10), $"BusyTimeout must be 1 s to 10 min, not {BusyTimeout}");
        Check(PollInterval >= TimeSpan.FromMilliseconds(1) && PollInterval <= TimeSpan.FromSeconds(10), $"PollInterval must be 1 ms to 10 s, not {PollInterval}");
        Check(SearchTimeLimit >= TimeSpan.FromMilliseconds(10) && SearchTimeLimit <= TimeSpan.FromMinutes(10), $"SearchTimeLimit must be 10 ms to 10 min, not {SearchTimeLimit}");
        Check(CheckpointBytes is >= 256 * 1024 and <= 32L << 20, $"CheckpointBytes must be 256 KiB to 32 MiB, not {CheckpointBytes}");
        Check(MaxWalBytes is >= 16L << 20 and <= 4L << 30, $"MaxWalBytes must be 16 MiB to 4 GiB, not {MaxWalBytes}");
        Check(MaxAttempts is >= 1 and <= 100, $"MaxAttempts must be 1 to 100, not {MaxAttempts}");
        Check(RetainConsumed is null || RetainConsumed >= TimeSpan.Zero, $"RetainConsumed must not be negative, but is {RetainConsumed}");
        if (errors.Count > 0)
            throw new StreamingException("invalid_store_options", string.Join("; ", errors) + ".");
    }
}
