namespace Streaming.Learning.Selection;

/// <summary>The latest values of a stream, in order of size: where a value stands among them, and what stands at a place. Not safe for concurrent use.</summary>
/// <param name="capacity">How many; the oldest goes for the next.</param>
internal sealed class RecentValues(int capacity)
{
    private readonly double[] _arrived = new double[capacity];
    private readonly double[] _sorted = new double[capacity];
    private int _next;

    /// <summary>Values there are.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a value, not NaN.</summary>
    public void Add(double value)
    {
        if (Count == capacity)
        {
            var gone = Below(_arrived[_next]);
            Array.Copy(_sorted, gone + 1, _sorted, gone, Count - gone - 1);
            Count--;
        }

        var place = Below(value);
        Array.Copy(_sorted, place, _sorted, place + 1, Count - place);
        _sorted[place] = value;
        _arrived[_next] = value;
        _next = (_next + 1) % capacity;
        Count++;
    }

    /// <summary>Share of the values that are smaller, 0–1; 0 while there are none.</summary>
    public double RankOf(double value) => Count == 0 ? 0 : (double)Below(value) / Count;

    /// <summary>The value below which this share of them lies.</summary>
    public double At(double share) => Count == 0 ? 0 : _sorted[Math.Clamp((int)(share * Count), 0, Count - 1)];

    private int Below(double value)
    {
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_sorted[middle] < value)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
