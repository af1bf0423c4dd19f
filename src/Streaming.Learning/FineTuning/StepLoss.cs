namespace Streaming.Learning.FineTuning;

/// <summary>Loss of a batch, summed.</summary>
/// <param name="Loss">Σ weight · loss of a unit.</param>
/// <param name="Weight">Σ weight.</param>
public readonly record struct StepLoss(double Loss, double Weight)
{
    /// <summary>Loss of a unit; 0 where nothing counted.</summary>
    public double Mean => Weight > 0 ? Loss / Weight : 0;

    /// <summary>Both together.</summary>
    public static StepLoss operator +(StepLoss left, StepLoss right) => new(left.Loss + right.Loss, left.Weight + right.Weight);
}
