using System.Numerics.Tensors;
using Streaming.Text.Sequences;

namespace Streaming.Learning.Heads;

/// <summary>
/// Linear-chain CRF likelihood. Where the data does not say which label a word has, all paths through the labels it may have count
/// as right (Tsuboi et al., COLING 2008): log Z of all paths minus log Z of the allowed ones.
/// </summary>
internal sealed class ChainObjective : IObjective
{
    /// <summary>Score of what must not be.</summary>
    public const float Forbidden = -10_000;

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
        _fixed = new bool[_layout.Count];
        for (var to = 0; to < labels.Count; to++)
        {
            if (!labels[to].StartsWith("I-", StringComparison.Ordinal))
                continue;
            _fixed[_layout.Start + to] = true;
            for (var from = 0; from < labels.Count; from++)
                _fixed[_layout.Transitions + (from * labels.Count) + to] = labels[from] == "O" || labels[from][2..] != labels[to][2..];
        }
    }

    public int ParameterCount => _layout.Count;

    public int PenalisedCount => _layout.Bias;

    public int UnitCount => _rows.UnitCount;

    public HeadParameters Layout => _layout;

    /// <summary>Zeros, with forbidden moves set.</summary>
    public float[] Initial()
    {
        var parameters = new float[_layout.Count];
        for (var i = 0; i < parameters.Length; i++)
            parameters[i] = _fixed[i] ? Forbidden : 0;
        return parameters;
    }

    public double Evaluate(ReadOnlySpan<int> units, ReadOnlySpan<float> parameters, Span<float> gradient)
    {
        var (labels, stride) = (_layout.Labels, _layout.Stride);
        var features = new float[_rows.LongestUnit * stride];
        var scores = new float[_rows.LongestUnit * labels];
        var emissions = new double[_rows.LongestUnit * labels];
        var constrained = new double[_rows.LongestUnit * labels];
        var chain = new double[_layout.Count - _layout.Transitions];
        var crf = Chain(parameters);
        using var free = new CrfPosterior();
        using var held = new CrfPosterior();
        double loss = 0;
        foreach (var unit in units)
        {
            var (first, count) = _rows.Unit(unit);
            if (count == 0)
                continue;
            _rows.Cache.Read(first, count, features, stride);
            for (var i = 0; i < count; i++)
                _standardizer.Apply(features.AsSpan(i * stride, stride));
            DenseKernels.Scores(features, count, parameters[..(labels * stride)], parameters.Slice(_layout.Bias, labels), labels, stride, scores);
            var used = emissions.AsSpan(0, count * labels);
            var heldEmissions = constrained.AsSpan(0, count * labels);
            for (var i = 0; i < used.Length; i++)
            {
                used[i] = scores[i];
                heldEmissions[i] = (_rows.Allowed(first + (i / labels)) >> (i % labels) & 1) != 0 ? scores[i] : Forbidden;
            }

            crf.Infer(used, free);
            crf.Infer(heldEmissions, held);
            loss += free.LogPartition - held.LogPartition;
            for (var i = 0; i < used.Length; i++)
                scores[i] = (float)(free.Marginals[i] - held.Marginals[i]);
            DenseKernels.AddOuter(features, count, scores, labels, stride, gradient[..(labels * stride)]);
            var bias = gradient.Slice(_layout.Bias, labels);
            for (var i = 0; i < count; i++)
                TensorPrimitives.Add(bias, scores.AsSpan(i * labels, labels), bias);
            AddChain(crf, used, free, heldEmissions, held, scores.AsSpan(0, count * labels), chain);
        }

        for (var i = 0; i < chain.Length; i++)
        {
            if (!_fixed[_layout.Transitions + i])
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

    private void AddChain(
        LinearChainCrf crf, ReadOnlySpan<double> emissions, CrfPosterior free, ReadOnlySpan<double> heldEmissions, CrfPosterior held, ReadOnlySpan<float> derivatives, Span<double> chain)
    {
        var labels = _layout.Labels;
        var squares = labels * labels;
        crf.AddExpectedTransitions(emissions, free, chain[..squares]);
        Span<double> expected = stackalloc double[squares];
        expected.Clear();
        crf.AddExpectedTransitions(heldEmissions, held, expected);
        TensorPrimitives.Subtract(chain[..squares], expected, chain[..squares]);
        for (var k = 0; k < labels; k++)
        {
            chain[squares + k] += derivatives[k];
            chain[squares + labels + k] += derivatives[^(labels - k)];
        }
    }
}
