namespace Streaming.Cli.Soak;

/// <summary>
/// Physical memory of this process over the messages that have ended. Warm-up (code compiled, caches and arenas as large as they
/// get) ends where memory is level, however long that takes: it goes by messages, not by minutes. What comes behind is judged.
/// </summary>
internal sealed class MemorySamples
{
    /// <summary>Messages that make one point, at least: the median of its samples.</summary>
    public const int PerPoint = 1_000;

    /// <summary>Points that are taken together, by their median.</summary>
    public const int Span = 8;

    /// <summary>Level: not more per cent above the points before.</summary>
    private const double LevelPercent = 2;

    /// <summary>Whatever still grows behind so many points is no warm-up.</summary>
    public const int LongestWarmUp = 24;

    private readonly List<long> _samples = [];
    private readonly List<long> _points = [];
    private readonly List<int> _ends = [];

    /// <summary>Bytes, point by point.</summary>
    public IReadOnlyList<long> Points => _points;

    /// <summary>Points of the warm-up; null while memory is not level.</summary>
    public int? WarmUp
    {
        get
        {
            for (var end = 2 * Span; end <= _points.Count; end++)
            {
                if (end >= LongestWarmUp || Growth(Median(end - (2 * Span)), Median(end - Span)) <= LevelPercent)
                    return end;
            }

            return null;
        }
    }

    /// <summary>Messages of the warm-up; null while memory is not level.</summary>
    public int? WarmUpMessages => WarmUp is { } end ? _ends[end - 1] : null;

    /// <summary>Whether enough came behind the warm-up to say something about it.</summary>
    public bool IsJudged => WarmUp is { } end && _points.Count >= end + (2 * Span);

    /// <summary>Bytes right behind the warm-up; 0 when it is not judged.</summary>
    public long Early => IsJudged ? Median(WarmUp!.Value) : 0;

    /// <summary>Bytes at the end; 0 when it is not judged.</summary>
    public long Late => IsJudged ? Median(_points.Count - Span) : 0;

    /// <summary>Growth from early to late in per cent; negative when it shrank, 0 when it is not judged.</summary>
    public double GrowthPercent => IsJudged ? Growth(Early, Late) : 0;

    /// <summary>Takes a sample.</summary>
    /// <param name="ended">Messages that have ended so far.</param>
    /// <param name="bytes">Physical memory.</param>
    public void Take(int ended, long bytes)
    {
        _samples.Add(bytes);
        if (ended < (_ends.Count == 0 ? 0 : _ends[^1]) + PerPoint)
            return;
        _points.Add(Median(_samples));
        _samples.Clear();
        _ends.Add(ended);
    }

    private static double Growth(long from, long to) => 100.0 * (to - from) / from;

    private long Median(int start) => Median(_points.GetRange(start, Span));

    private static long Median(List<long> values)
    {
        var sorted = values.ToArray();
        Array.Sort(sorted);
        return sorted[sorted.Length / 2];
    }
}
