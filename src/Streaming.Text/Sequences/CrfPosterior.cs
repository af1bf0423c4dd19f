using System.Buffers;

namespace Streaming.Text.Sequences;

/// <summary>What forward–backward found in one sequence. Made to be used again; disposing gives its pooled arrays back.</summary>
public sealed class CrfPosterior : IDisposable
{
    private double[] _marginals = [];
    private double[] _backward = [];
    private double[] _onward = [];
    private int _labels;

    /// <summary>Places of the sequence.</summary>
    public int Length { get; private set; }

    /// <summary>Logarithm of the sum over all paths of exp(score).</summary>
    public double LogPartition { get; internal set; }

    /// <summary>P(label at place): [length, labels], each row sums to 1.</summary>
    public ReadOnlySpan<double> Marginals => _marginals.AsSpan(0, Length * _labels);

    internal Span<double> MarginalBuffer => _marginals.AsSpan(0, Length * _labels);

    internal Span<double> BackwardBuffer => _backward.AsSpan(0, Length * _labels);

    /// <summary>Emission times backward value of each place but the first; only when not logarithmic.</summary>
    internal Span<double> OnwardBuffer => _onward.AsSpan(0, Length * _labels);

    /// <summary>Whether the backward values are logarithms already.</summary>
    internal bool IsLogarithmic { get; set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var array in (ReadOnlySpan<double[]>)[_marginals, _backward, _onward])
        {
            if (array.Length > 0)
                ArrayPool<double>.Shared.Return(array);
        }

        _marginals = _backward = _onward = [];
        Length = 0;
    }

    internal void Reset(int length, int labels)
    {
        (Length, _labels) = (length, labels);
        Fit(ref _marginals, length * labels);
        Fit(ref _backward, length * labels);
        Fit(ref _onward, length * labels);
    }

    private static void Fit(ref double[] array, int length)
    {
        if (array.Length >= length)
            return;
        if (array.Length > 0)
            ArrayPool<double>.Shared.Return(array);
        array = ArrayPool<double>.Shared.Rent(length);
    }
}
