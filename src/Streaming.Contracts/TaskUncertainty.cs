namespace Streaming.Contracts;

/// <summary>How unsure the model was of one task on one text. From calibrated probabilities; every value is 0–1, and higher means less sure.</summary>
public sealed record TaskUncertainty
{
    /// <summary>The task.</summary>
    public required LabelTask Task { get; init; }

    /// <summary>1 − probability of what the model said: the least sure label, or for tags the least sure word.</summary>
    public required double LeastConfidence { get; init; }

    /// <summary>1 − (best − second best probability); for tags at the word where the two are nearest.</summary>
    public required double Margin { get; init; }

    /// <summary>Entropy divided by its maximum; for tags at the word where it is greatest.</summary>
    public required double Entropy { get; init; }

    /// <summary>For tags: 1 − P(best tag sequence)^(1/words), so long texts are not unsure by their length. Null for other tasks.</summary>
    public double? Sequence { get; init; }

    /// <summary>Share of what two models say that only one of them says; null when there was no second.</summary>
    public double? Disagreement { get; init; }
}
