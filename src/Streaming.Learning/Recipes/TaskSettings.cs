namespace Streaming.Learning.Recipes;

/// <summary>How one head takes part in fine-tuning.</summary>
public sealed record TaskSettings
{
    /// <summary>Its gradients are multiplied by this. Default 1.</summary>
    public double LossWeight { get; init; } = 1;

    /// <summary>Its share of the steps is multiplied by this. Default 1.</summary>
    public double Share { get; init; } = 1;

    /// <summary>Share of the target that is spread over all labels; 0 to below 1. Default 0. Not for a CRF.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Whether labels count by the inverse of their frequency. Not for a CRF.</summary>
    public bool BalancedClasses { get; init; }

    /// <summary>What units of a label count; labels not named count 1. Not for a CRF.</summary>
    public IReadOnlyDictionary<string, double> ClassWeights { get; init; } = new Dictionary<string, double>();
}
