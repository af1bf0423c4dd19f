namespace Streaming.Learning.Heads;

/// <summary>A sum of losses over units (texts or sentences), differentiable in its parameters.</summary>
public interface IObjective
{
    /// <summary>Number of parameters.</summary>
    int ParameterCount { get; }

    /// <summary>Parameters from 0 to this are penalised by L2; those behind are not.</summary>
    int PenalisedCount { get; }

    /// <summary>Number of units.</summary>
    int UnitCount { get; }

    /// <summary>Adds the gradient of some units' losses to <paramref name="gradient"/>.</summary>
    /// <returns>The sum of their losses.</returns>
    /// <remarks>Safe for concurrent calls with different gradients.</remarks>
    double Evaluate(ReadOnlySpan<int> units, ReadOnlySpan<float> parameters, Span<float> gradient);
}
