using System.Numerics.Tensors;
using Streaming.Learning.Heads;
using Streaming.Text.Sequences;
using Streaming.Text.Words;

namespace Streaming.Learning.FineTuning;

/// <summary>
/// What a token head has behind its linear layer: weights of word-shape features, and the CRF. Both are small, live here whatever the backend, and
/// learn by Adam. They see the logits that the backend gives and hand back the derivatives.
/// </summary>
internal sealed class ChainTail : IDisposable
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.999;
    private const float Epsilon = 1e-8f;

    private readonly int _labels;
    private readonly bool _isChain;
    private readonly bool[] _forbidden;
    private readonly float[] _parameters;
    private readonly double[] _gradient;
    private readonly float[] _first;
    private readonly float[] _second;
    private readonly ChainLoss _loss = new();
    private double _weight;
    private long _step;

    /// <param name="outputs">Labels of the head.</param>
    /// <param name="isChain">Whether it ends in a CRF.</param>
    /// <param name="wordShape">Whether it sees word shapes.</param>
    public ChainTail(IReadOnlyList<string> outputs, bool isChain, bool wordShape)
    {
        (_labels, _isChain) = (outputs.Count, isChain);
        ShapeCount = wordShape ? _labels * WordShape.Dimensions : 0;
        _forbidden = isChain ? ChainLoss.ForbiddenMoves(outputs) : [];
        _parameters = new float[ShapeCount + _forbidden.Length];
        for (var i = 0; i < _forbidden.Length; i++)
            _parameters[ShapeCount + i] = _forbidden[i] ? ChainLoss.Forbidden : 0;
        _gradient = new double[_parameters.Length];
        _first = new float[_parameters.Length];
        _second = new float[_parameters.Length];
    }

    /// <summary>Number of word-shape weights, [labels, shapes].</summary>
    public int ShapeCount { get; }

    /// <summary>Word-shape weights, then transitions [from, to], start and end.</summary>
    public ReadOnlySpan<float> Parameters => _parameters;

    /// <summary>Adds what word shapes say to the logits of rows.</summary>
    public void AddShapes(IReadOnlyList<TuningRow> rows, Span<float> logits)
    {
        if (ShapeCount == 0)
            return;
        foreach (var (unit, feature) in ShapesOf(rows))
        {
            for (var k = 0; k < _labels; k++)
                logits[(unit * _labels) + k] += _parameters[(k * WordShape.Dimensions) + feature];
        }
    }

    /// <summary>Loss of rows and its derivatives; gradients of the tail are held until <see cref="Update"/>.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="logits">Of the backend, [units, labels]; receives the derivatives by them.</param>
    /// <returns>Loss and number of words.</returns>
    public StepLoss Accumulate(IReadOnlyList<TuningRow> rows, Span<float> logits)
    {
        AddShapes(rows, logits);
        double loss = 0;
        var unit = 0;
        var crf = _isChain ? Crf() : null;
        foreach (var row in rows)
        {
            for (var first = 0; first < row.Units;)
            {
                var end = first + 1;
                while (end < row.Units && !row.Starts[end])
                    end++;
                var part = logits.Slice((unit + first) * _labels, (end - first) * _labels);
                loss += crf is null
                    ? Softmax(part, row.Allowed.AsSpan(first, end - first))
                    : _loss.Add(crf, part, row.Allowed.AsSpan(first, end - first), _gradient.AsSpan(ShapeCount));
                first = end;
            }

            unit += row.Units;
        }

        AddShapeGradients(rows, logits);
        _weight += unit;
        return new StepLoss(loss, unit);
    }

    /// <summary>One step of Adam on the mean gradient.</summary>
    public void Update(double rate)
    {
        if (_weight == 0 || _parameters.Length == 0)
            return;
        _step++;
        var scale = (float)(rate * Math.Sqrt(1 - Math.Pow(Beta2, _step)) / (1 - Math.Pow(Beta1, _step)));
        for (var i = 0; i < _parameters.Length; i++)
        {
            if (i >= ShapeCount && _forbidden[i - ShapeCount])
                continue;
            var gradient = _gradient[i] / _weight;
            _first[i] = (float)((Beta1 * _first[i]) + ((1 - Beta1) * gradient));
            _second[i] = (float)((Beta2 * _second[i]) + ((1 - Beta2) * gradient * gradient));
            _parameters[i] -= scale * _first[i] / (MathF.Sqrt(_second[i]) + Epsilon);
        }

        Array.Clear(_gradient);
        _weight = 0;
    }

    /// <summary>Start, transitions and end as they are; null without a CRF.</summary>
    public (float[] Start, float[] Transitions, float[] End)? Chain() => _isChain ? Chain(_parameters) : null;

    /// <summary>Start, transitions and end of a copy of <see cref="Parameters"/>; null without a CRF.</summary>
    public (float[] Start, float[] Transitions, float[] End)? Chain(ReadOnlySpan<float> parameters)
    {
        if (!_isChain)
            return null;
        var squares = _labels * _labels;
        var chain = parameters[ShapeCount..];
        return (chain.Slice(squares, _labels).ToArray(), chain[..squares].ToArray(), chain[(squares + _labels)..].ToArray());
    }

    public void Save(BinaryWriter writer)
    {
        writer.Write(_step);
        foreach (var values in (ReadOnlySpan<float[]>)[_parameters, _first, _second])
        {
            foreach (var value in values)
                writer.Write(value);
        }
    }

    public void Load(BinaryReader reader)
    {
        _step = reader.ReadInt64();
        foreach (var values in (ReadOnlySpan<float[]>)[_parameters, _first, _second])
        {
            for (var i = 0; i < values.Length; i++)
                values[i] = reader.ReadSingle();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _loss.Dispose();

    private LinearChainCrf Crf()
    {
        var squares = _labels * _labels;
        var values = new double[_forbidden.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = _parameters[ShapeCount + i];
        return new LinearChainCrf(values.AsSpan(squares, _labels), values.AsSpan(0, squares), values.AsSpan(squares + _labels));
    }

    /// <summary>−log of the probability of the allowed labels, word by word.</summary>
    private double Softmax(Span<float> logits, ReadOnlySpan<uint> allowed)
    {
        double loss = 0;
        for (var word = 0; word < allowed.Length; word++)
            loss += AllowedLoss.Derive(logits.Slice(word * _labels, _labels), allowed[word]);
        return loss;
    }

    private void AddShapeGradients(IReadOnlyList<TuningRow> rows, ReadOnlySpan<float> derivatives)
    {
        if (ShapeCount == 0)
            return;
        foreach (var (unit, feature) in ShapesOf(rows))
        {
            for (var k = 0; k < _labels; k++)
                _gradient[(k * WordShape.Dimensions) + feature] += derivatives[(unit * _labels) + k];
        }
    }

    /// <summary>The shapes of every word of all rows, words numbered through.</summary>
    private static IEnumerable<(int Unit, int Feature)> ShapesOf(IReadOnlyList<TuningRow> rows)
    {
        var unit = 0;
        foreach (var row in rows)
        {
            foreach (var shape in row.Shapes)
            {
                foreach (var feature in shape)
                    yield return (unit, feature);
                unit++;
            }
        }
    }
}
