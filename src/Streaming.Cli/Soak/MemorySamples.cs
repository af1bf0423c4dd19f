namespace Streaming.Cli.Soak;

/// <summary>Physical memory of this process from time to time. The first quarter is warm-up; the second is compared with the last.</summary>
internal sealed class MemorySamples(int capacity)
{
    private readonly long[] _bytes = new long[capacity];

    /// <summary>Samples taken.</summary>
    public int Count { get; private set; }

    /// <summary>Takes one; none when there is no room.</summary>
    public void Take()
    {
        if (Count < _bytes.Length)
            _bytes[Count++] = Environment.WorkingSet;
    }

    /// <summary>Median of the second quarter.</summary>
    public long Early => Median(Count / 4, Count / 2);

    /// <summary>Median of the last quarter.</summary>
    public long Late => Median(Count * 3 / 4, Count);

    /// <summary>Growth from early to late in per cent; negative when it shrank.</summary>
    public double GrowthPercent => Early == 0 ? 0 : 100.0 * (Late - Early) / Early;

    private long Median(int from, int to)
    {
        if (to <= from)
            return 0;
        var part = _bytes[from..to];
        Array.Sort(part);
        return part[part.Length / 2];
    }
}
