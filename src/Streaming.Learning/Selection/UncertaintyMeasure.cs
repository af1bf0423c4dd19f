using Streaming.Contracts;

namespace Streaming.Learning.Selection;

/// <summary>What counts as unsure.</summary>
public enum UncertaintyMeasure
{
    /// <summary>The least sure label or word.</summary>
    LeastConfidence,

    /// <summary>How near the second best is.</summary>
    Margin,

    /// <summary>How spread out the probabilities are.</summary>
    Entropy,

    /// <summary>For tags the whole sequence, normalised by its length; for other tasks the least sure label.</summary>
    Sequence,
}

/// <summary>Reads a measure.</summary>
public static class UncertaintyMeasureExtensions
{
    /// <summary>The value of a measure, 0–1; higher is less sure.</summary>
    public static double Of(this UncertaintyMeasure measure, TaskUncertainty uncertainty) => measure switch
    {
        UncertaintyMeasure.Margin => uncertainty.Margin,
        UncertaintyMeasure.Entropy => uncertainty.Entropy,
        UncertaintyMeasure.Sequence => uncertainty.Sequence ?? uncertainty.LeastConfidence,
        _ => uncertainty.LeastConfidence,
    };
}
