namespace Streaming.Cli.Benchmarks;

/// <summary>When messages went in and when they were acknowledged. Safe for concurrent use.</summary>
internal sealed class LatencyLog(long capacity, TimeProvider time)
{
    private readonly long[] _in = new long[capacity];
    private readonly long[] _out = new long[capacity];

    /// <summary>A message goes in now.</summary>
    public void Enter(long number) => Volatile.Write(ref _in[number], time.GetTimestamp());

    /// <summary>It is acknowledged; the first time counts.</summary>
    public void Leave(string id)
    {
        var number = NumberedMessages.NumberOf(id);
        if (number >= 0 && number < _out.Length)
            Interlocked.CompareExchange(ref _out[number], time.GetTimestamp(), 0);
    }

    /// <summary>Milliseconds from in to acknowledged, ascending; of those that were.</summary>
    public double[] Milliseconds()
    {
        var found = new List<double>(_in.Length);
        for (var i = 0; i < _in.Length; i++)
        {
            if (Volatile.Read(ref _in[i]) is var from and not 0 && Volatile.Read(ref _out[i]) is var to and not 0)
                found.Add(time.GetElapsedTime(from, to).TotalMilliseconds);
        }

        found.Sort();
        return [.. found];
    }

    /// <summary>The value below which such a share of ascending values lies; 0 when there is none.</summary>
    public static double Quantile(double[] ascending, double share) =>
        ascending.Length == 0 ? 0 : ascending[Math.Clamp((int)Math.Ceiling(share * ascending.Length) - 1, 0, ascending.Length - 1)];
}
