namespace Streaming.Learning.Heads;

/// <summary>
/// Evaluates an objective on two threads. Units are dealt to two lanes whatever the machine has, and the lanes are added in order:
/// the same numbers on one core and on many.
/// </summary>
internal sealed class LaneEvaluator(IObjective objective, double l2)
{
    private const int LaneCount = 2;

    private readonly float[][] _gradients = [new float[objective.ParameterCount], new float[objective.ParameterCount]];

    /// <summary>Mean loss over the units, with its penalty, and the gradient of both.</summary>
    public async ValueTask<double> EvaluateAsync(ReadOnlyMemory<int> units, float[] parameters, float[] gradient, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var half = (units.Length + 1) / LaneCount;
        var first = Task.Run(() => Lane(0, units[..half], parameters), cancellationToken);
        var second = Task.Run(() => Lane(1, units[half..], parameters), cancellationToken);
        var loss = await first.ConfigureAwait(false) + await second.ConfigureAwait(false);

        var scale = 1f / Math.Max(1, units.Length);
        for (var i = 0; i < gradient.Length; i++)
            gradient[i] = (_gradients[0][i] + _gradients[1][i]) * scale;
        double penalty = 0;
        for (var i = 0; i < objective.PenalisedCount; i++)
        {
            penalty += (double)parameters[i] * parameters[i];
            gradient[i] += (float)l2 * parameters[i];
        }

        return (loss * scale) + (0.5 * l2 * penalty);
    }

    private double Lane(int lane, ReadOnlyMemory<int> units, float[] parameters)
    {
        Array.Clear(_gradients[lane]);
        return objective.Evaluate(units.Span, parameters, _gradients[lane]);
    }
}
