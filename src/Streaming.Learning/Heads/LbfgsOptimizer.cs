using System.Numerics.Tensors;

namespace Streaming.Learning.Heads;

/// <summary>L-BFGS (Nocedal, Wright, <i>Numerical Optimization</i>, algorithms 7.4 and 7.5) with a backtracking line search that keeps curvature positive.</summary>
public sealed record LbfgsOptimizer
{
    private const double SufficientDecrease = 1e-4;
    private const int LineSearchSteps = 20;

    /// <summary>Most iterations.</summary>
    public required int MaxIterations { get; init; }

    /// <summary>Weight of the squared norm.</summary>
    public required double L2 { get; init; }

    /// <summary>Updates kept.</summary>
    public int Memory { get; init; } = 10;

    /// <summary>Ends when an iteration lowers the loss by less than this share of it.</summary>
    public double RelativeTolerance { get; init; } = 1e-6;

    /// <summary>Ends when no component of the gradient is larger.</summary>
    public double GradientTolerance { get; init; } = 1e-6;

    /// <summary>Minimises in place.</summary>
    /// <param name="objective">What to minimise.</param>
    /// <param name="parameters">Starting point, then the result.</param>
    /// <param name="progress">Told each iteration's number (from 1) and loss.</param>
    /// <param name="cancellationToken">Observed at every evaluation.</param>
    /// <returns>The loss reached.</returns>
    public async ValueTask<double> MinimizeAsync(IObjective objective, float[] parameters, Action<int, double>? progress, CancellationToken cancellationToken)
    {
        var evaluator = new LaneEvaluator(objective, L2);
        var units = Enumerable.Range(0, objective.UnitCount).ToArray();
        var gradient = new float[parameters.Length];
        var candidate = new float[parameters.Length];
        var candidateGradient = new float[parameters.Length];
        var history = new LbfgsHistory(Memory, parameters.Length);
        var loss = await evaluator.EvaluateAsync(units, parameters, gradient, cancellationToken).ConfigureAwait(false);
        for (var iteration = 1; iteration <= MaxIterations && TensorPrimitives.MaxMagnitude<float>(gradient) is var top && Math.Abs(top) > GradientTolerance; iteration++)
        {
            var direction = history.Direction(gradient);
            var slope = LbfgsHistory.Dot(direction, gradient);
            if (slope >= 0)
            {
                // Rounding has spoilt the memory: start afresh downhill.
                history.Clear();
                direction = history.Direction(gradient);
                slope = LbfgsHistory.Dot(direction, gradient);
            }

            var step = history.IsEmpty ? 1 / Math.Max(1, Math.Sqrt(-slope)) : 1;
            var accepted = false;
            double candidateLoss = 0;
            for (var attempt = 0; attempt < LineSearchSteps; attempt++)
            {
                TensorPrimitives.MultiplyAdd(direction, (float)step, parameters, candidate);
                candidateLoss = await evaluator.EvaluateAsync(units, candidate, candidateGradient, cancellationToken).ConfigureAwait(false);
                if (candidateLoss <= loss + (SufficientDecrease * step * slope))
                {
                    accepted = true;
                    break;
                }

                // The parabola through both losses and the slope has its bottom here; never leave the middle ground.
                var bottom = -slope * step * step / (2 * (candidateLoss - loss - (slope * step)));
                step = double.IsFinite(bottom) ? Math.Clamp(bottom, 0.1 * step, 0.5 * step) : 0.1 * step;
            }

            if (!accepted)
                break;
            history.Add(candidate, parameters, candidateGradient, gradient);
            var gain = loss - candidateLoss;
            loss = candidateLoss;
            candidate.CopyTo(parameters, 0);
            candidateGradient.CopyTo(gradient, 0);
            progress?.Invoke(iteration, loss);
            if (gain <= RelativeTolerance * Math.Max(Math.Abs(loss), 1e-12))
                break;
        }

        return loss;
    }
}

/// <summary>The last steps and gradient changes, and the two-loop recursion over them.</summary>
internal sealed class LbfgsHistory(int capacity, int length)
{
    private readonly List<(float[] Step, float[] Change, double Curvature)> _pairs = [];
    private readonly float[] _direction = new float[length];

    public bool IsEmpty => _pairs.Count == 0;

    public void Clear() => _pairs.Clear();

    public void Add(float[] point, float[] previous, float[] gradient, float[] previousGradient)
    {
        var pair = _pairs.Count == capacity ? (_pairs[0].Step, _pairs[0].Change) : (new float[length], new float[length]);
        TensorPrimitives.Subtract(point, previous, pair.Item1);
        TensorPrimitives.Subtract(gradient, previousGradient, pair.Item2);
        var curvature = Dot(pair.Item1, pair.Item2);
        if (_pairs.Count == capacity)
            _pairs.RemoveAt(0);
        // A pair without positive curvature would make the direction point uphill.
        if (curvature > 1e-12 * Dot(pair.Item2, pair.Item2))
            _pairs.Add((pair.Item1, pair.Item2, curvature));
    }

    public float[] Direction(float[] gradient)
    {
        TensorPrimitives.Negate(gradient, _direction);
        Span<double> weights = stackalloc double[_pairs.Count];
        for (var i = _pairs.Count - 1; i >= 0; i--)
        {
            var (step, change, curvature) = _pairs[i];
            weights[i] = Dot(step, _direction) / curvature;
            TensorPrimitives.MultiplyAdd(change, (float)-weights[i], _direction, _direction);
        }

        if (_pairs.Count > 0)
        {
            var (_, change, curvature) = _pairs[^1];
            TensorPrimitives.Multiply(_direction, (float)(curvature / Dot(change, change)), _direction);
        }

        for (var i = 0; i < _pairs.Count; i++)
        {
            var (step, change, curvature) = _pairs[i];
            var back = Dot(change, _direction) / curvature;
            TensorPrimitives.MultiplyAdd(step, (float)(weights[i] - back), _direction, _direction);
        }

        return _direction;
    }

    /// <summary>In doubles: gradients of wide models lose the sign of small slopes in singles.</summary>
    public static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (var i = 0; i < a.Length; i++)
            sum += (double)a[i] * b[i];
        return sum;
    }
}
