namespace Streaming.Learning.Heads;

/// <summary>Features with targets: units are stretches of rows, a text being one row and a sentence one row a word.</summary>
public sealed class TrainingRows
{
    private readonly List<int> _starts = [0];
    private readonly List<uint> _allowed = [];

    /// <summary>Rows over a cache and the standardisation to apply to them.</summary>
    public TrainingRows(FeatureCache cache, int labelCount)
    {
        if (labelCount is < 2 or > 32)
            throw new ArgumentOutOfRangeException(nameof(labelCount), labelCount, "A head has 2 to 32 labels.");
        Cache = cache;
        LabelCount = labelCount;
    }

    /// <summary>The features.</summary>
    public FeatureCache Cache { get; }

    /// <summary>Number of labels, 2–32.</summary>
    public int LabelCount { get; }

    /// <summary>Number of units.</summary>
    public int UnitCount => _starts.Count - 1;

    /// <summary>Longest unit in rows.</summary>
    public int LongestUnit { get; private set; }

    /// <summary>Adds the unit of the next rows of the cache.</summary>
    /// <param name="allowed">For each row the labels it may have, bit k for label k: one bit when the label is known, several when the data does not say.</param>
    public void AddUnit(ReadOnlySpan<uint> allowed)
    {
        foreach (var bits in allowed)
        {
            if (bits == 0 || (LabelCount < 32 && bits >> LabelCount != 0))
                throw new ArgumentException("Every row needs at least one label, none beyond the last.", nameof(allowed));
            _allowed.Add(bits);
        }

        _starts.Add(_allowed.Count);
        LongestUnit = Math.Max(LongestUnit, allowed.Length);
    }

    /// <summary>First row of a unit and how many it has.</summary>
    public (int First, int Count) Unit(int unit) => (_starts[unit], _starts[unit + 1] - _starts[unit]);

    /// <summary>Labels a row may have, as bits.</summary>
    public uint Allowed(int row) => _allowed[row];
}
