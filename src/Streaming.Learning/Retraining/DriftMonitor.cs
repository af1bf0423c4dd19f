namespace Streaming.Learning.Retraining;

/// <summary>
/// Watches whether what a model says changes: the first findings after a start make the reference, the latest as many the window.
/// Population stability index over labels and over confidences (above 0.25 counts as a shift, as is usual), and the largest
/// distance of the confidences' distributions (Kolmogorov, Smirnov).
/// </summary>
/// <remarks>Safe for concurrent use.</remarks>
public sealed class DriftMonitor
{
    /// <summary>Population stability index from which on a shift is reported.</summary>
    public const double Shift = 0.25;

    private const int Bins = 10;
    private const double Floor = 1e-4;

    private readonly Lock _lock = new();
    private readonly int _size;
    private readonly List<(string Label, double Confidence)> _reference = [];
    private readonly Queue<(string Label, double Confidence)> _window = new();

    /// <summary>A monitor.</summary>
    /// <param name="size">Findings of the reference and of the window, at least 50.</param>
    public DriftMonitor(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 50);
        _size = size;
    }

    /// <summary>Notes one finding.</summary>
    /// <param name="label">What was said.</param>
    /// <param name="confidence">How sure, 0–1.</param>
    public void Add(string label, double confidence)
    {
        lock (_lock)
        {
            if (_reference.Count < _size)
            {
                _reference.Add((label, confidence));
                return;
            }

            _window.Enqueue((label, confidence));
            if (_window.Count > _size)
                _window.Dequeue();
        }
    }

    /// <summary>Begins anew: another model speaks.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _reference.Clear();
            _window.Clear();
        }
    }

    /// <summary>How far the window is from the reference; null while either is not full.</summary>
    public DriftReport? Measure()
    {
        lock (_lock)
        {
            if (_window.Count < _size)
                return null;
            var labels = _reference.Concat(_window).Select(static finding => finding.Label).Distinct().Order(StringComparer.Ordinal).ToList();
            return new DriftReport(
                StabilityIndex(Shares(_reference.Select(finding => labels.IndexOf(finding.Label)), labels.Count), Shares(_window.Select(finding => labels.IndexOf(finding.Label)), labels.Count)),
                StabilityIndex(Shares(_reference.Select(static finding => Bin(finding.Confidence)), Bins), Shares(_window.Select(static finding => Bin(finding.Confidence)), Bins)),
                Distance([.. _reference.Select(static finding => finding.Confidence)], [.. _window.Select(static finding => finding.Confidence)]));
        }
    }

    /// <summary>Σ (q − p) ln(q / p); empty cells count as a ten-thousandth.</summary>
    public static double StabilityIndex(ReadOnlySpan<double> reference, ReadOnlySpan<double> window)
    {
        double sum = 0;
        for (var i = 0; i < reference.Length; i++)
        {
            var (p, q) = (Math.Max(reference[i], Floor), Math.Max(window[i], Floor));
            sum += (q - p) * Math.Log(q / p);
        }

        return sum;
    }

    /// <summary>Largest difference of two samples' cumulative distributions, 0–1.</summary>
    public static double Distance(double[] first, double[] second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        var (a, b) = (first.Order().ToArray(), second.Order().ToArray());
        var (i, j) = (0, 0);
        double most = 0;
        while (i < a.Length && j < b.Length)
        {
            var at = Math.Min(a[i], b[j]);
            while (i < a.Length && a[i] <= at)
                i++;
            while (j < b.Length && b[j] <= at)
                j++;
            most = Math.Max(most, Math.Abs(((double)i / a.Length) - ((double)j / b.Length)));
        }

        return most;
    }

    private static int Bin(double confidence) => Math.Clamp((int)(confidence * Bins), 0, Bins - 1);

    private static double[] Shares(IEnumerable<int> cells, int count)
    {
        var shares = new double[count];
        var total = 0;
        foreach (var cell in cells)
        {
            shares[cell]++;
            total++;
        }

        for (var i = 0; i < count; i++)
            shares[i] /= total;
        return shares;
    }
}

/// <summary>How far the latest findings are from the reference.</summary>
/// <param name="Labels">Population stability index of the labels, 0 or more.</param>
/// <param name="Confidences">Population stability index of the confidences, 0 or more.</param>
/// <param name="ConfidenceDistance">Largest distance of the confidences' distributions, 0–1.</param>
public sealed record DriftReport(double Labels, double Confidences, double ConfidenceDistance)
{
    /// <summary>Whether that counts as a shift.</summary>
    public bool IsShift => Labels > DriftMonitor.Shift || Confidences > DriftMonitor.Shift;
}
