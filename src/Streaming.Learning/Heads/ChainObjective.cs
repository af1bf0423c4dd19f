using System.Numerics.Tensors;
using Streaming.Text.Sequences;

namespace Streaming.Learning.Heads;

/// <summary>Linear-chain CRF likelihood over cached features; see <see cref="ChainLoss"/>.</summary>
internal sealed class ChainObjective : IObjective
{
    private readonly TrainingRows _rows;
    private readonly Standardizer _standardizer;
    private readonly HeadParameters _layout;
    private readonly bool[] _fixed;

    /// <param name="rows">Sentences.</param>
    /// <param name="standardizer">Scaling of their features.</param>
    /// <param name="labels">Tags; IOB2 rules forbid I after anything but B or I of its type.</param>
    public ChainObjective(TrainingRows rows, Standardizer standardizer, IReadOnlyList<string> labels)
    {
        _rows = rows;
        _standardizer = standardizer;
        _layout = new HeadParameters(rows.LabelCount, DenseKernels.Stride(standardizer.Dimensions), IsChain: true);
        _fixed = ChainLoss.ForbiddenMoves(labels);
    }

    public int ParameterCount => _layout.Count;

    public int PenalisedCount => _layout.Bias;

    public int UnitCount => _rows.UnitCount;

    public HeadParameters Layout => _layout;

    /// <summary>Zeros, with forbidden moves set.</summary>
    public float[] Initial()
    {
        var parameters = new float[_layout.Count];
        for (var i = 0; i < _fixed.Length; i++)
            parameters[_layout.Transitions + i] = _fixed[i] ? ChainLoss.Forbidden : 0;
        return parameters;
    }

    public double Evaluate(ReadOnlySpan<int> units, ReadOnlySpan<float> parameters, Span<float> gradient)
    {
        var (labels, stride) = (_layout.Labels, _layout.Stride);
        var features = new float[_rows.LongestUnit * stride];
        var scores = new float[_rows.LongestUnit * labels];
        var allowed = new uint[_rows.LongestUnit];
        var chain = new double[_layout.Count - _layout.Transitions];
        var crf = Chain(parameters);
        using var chainLoss = new ChainLoss();
        double loss = 0;
        foreach (var unit in units)
        {
            var (first, count) = _rows.Unit(unit);
            if (count == 0)
                continue;
            _rows.Cache.Read(first, count, features, stride);
            for (var i = 0; i < count; i++)
            {
                _standardizer.Apply(features.AsSpan(i * stride, stride));
                allowed[i] = _rows.Allowed(first + i);
            }

            DenseKernels.Scores(features, count, parameters[..(labels * stride)], parameters.Slice(_layout.Bias, labels), labels, stride, scores);
            loss += chainLoss.Add(crf, scores.AsSpan(0, count * labels), allowed.AsSpan(0, count), chain);
            DenseKernels.AddOuter(features, count, scores, labels, stride, gradient[..(labels * stride)]);
            var bias = gradient.Slice(_layout.Bias, labels);
            for (var i = 0; i < count; i++)
                TensorPrimitives.Add(bias, scores.AsSpan(i * labels, labels), bias);
        }

        for (var i = 0; i < chain.Length; i++)
        {
            if (!_fixed[i])
                gradient[_layout.Transitions + i] += (float)chain[i];
        }

        return loss;
    }

    /// <summary>The chain that parameters describe.</summary>
    public LinearChainCrf Chain(ReadOnlySpan<float> parameters)
    {
        var values = new double[_layout.Count - _layout.Transitions];
        for (var i = 0; i < values.Length; i++)
            values[i] = parameters[_layout.Transitions + i];
        var squares = _layout.Labels * _layout.Labels;
        return new LinearChainCrf(values.AsSpan(squares, _layout.Labels), values.AsSpan(0, squares), values.AsSpan(squares + _layout.Labels));
    }
}
