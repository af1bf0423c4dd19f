using System.Diagnostics;

namespace Streaming.Adapters.Onnx.Benchmarks;

/// <summary>Measures encoders on ONNX Runtime alone: batches made beforehand, memory given beforehand, nothing but passes inside the clock.</summary>
public static class EncoderBenchmark
{
    /// <summary>Sequences sorted by length and grouped so that longest × count stays within a budget.</summary>
    /// <param name="sequences">Token ids.</param>
    /// <param name="tokenBudget">Most padded tokens; a longer sequence stands alone.</param>
    public static IReadOnlyList<int[][]> Batches(IEnumerable<int[]> sequences, int tokenBudget)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        var batches = new List<int[][]>();
        var open = new List<int[]>();
        foreach (var sequence in sequences.OrderBy(static sequence => sequence.Length))
        {
            if (open.Count > 0 && sequence.Length * (open.Count + 1) > tokenBudget)
            {
                batches.Add([.. open]);
                open.Clear();
            }
            open.Add(sequence);
        }
        if (open.Count > 0)
            batches.Add([.. open]);
        return batches;
    }

    /// <summary>Measures encoders side by side: one warm-up each, then rounds in turn, so that a busy moment hits all alike.</summary>
    /// <param name="encoders">What is measured.</param>
    /// <param name="sequences">Token ids, special tokens included.</param>
    /// <param name="options">How.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Observed between rounds.</param>
    public static IReadOnlyList<EncoderBenchmarkResult> Compare(
        IReadOnlyList<BenchmarkedEncoder> encoders, IReadOnlyList<int[]> sequences, EncoderBenchmarkOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(encoders);
        ArgumentNullException.ThrowIfNull(sequences);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Rounds, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1);
        var batches = Batches(sequences, options.TokenBudget);
        var sessions = new List<EncoderReference>();
        try
        {
            var best = new double[encoders.Count];
            Array.Fill(best, double.MaxValue);
            var thrift = (double[])best.Clone();
            foreach (var encoder in encoders)
                sessions.Add(new EncoderReference(encoder));
            for (var round = -1; round < options.Rounds; round++)
            {
                for (var i = 0; i < encoders.Count; i++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var (seconds, cpu) = sessions[i].Run(batches, options.Threads, time);
                    if (round < 0)
                        continue;
                    best[i] = Math.Min(best[i], seconds);
                    thrift[i] = Math.Min(thrift[i], cpu);
                }
            }
            return [.. encoders.Select((encoder, i) => Result(encoder, batches, options, best[i], thrift[i]))];
        }
        finally
        {
            foreach (var session in sessions)
                session.Dispose();
        }
    }

    private static EncoderBenchmarkResult Result(BenchmarkedEncoder encoder, IReadOnlyList<int[][]> batches, EncoderBenchmarkOptions options, double seconds, double cpuSeconds)
    {
        long tokens = 0, padded = 0;
        var documents = 0;
        foreach (var batch in batches)
        {
            documents += batch.Length;
            padded += (long)batch.Length * batch[^1].Length;
            foreach (var sequence in batch)
                tokens += sequence.Length;
        }
        using var process = Process.GetCurrentProcess();
        return new EncoderBenchmarkResult
        {
            Encoder = encoder.Name,
            Documents = documents,
            Tokens = tokens,
            PaddedTokens = padded,
            Batches = batches.Count,
            Threads = options.Threads,
            Seconds = seconds,
            CpuSeconds = cpuSeconds,
            TokensPerSecond = tokens / Math.Max(seconds, 1e-9),
            PeakMemoryBytes = process.PeakWorkingSet64,
        };
    }
}
