using Streaming.Learning.Data;
using Streaming.Learning.Metrics;

namespace Streaming.Learning.Evaluating;

/// <summary>What stands behind the figures of an <see cref="EvaluationReport"/>; holds texts, so it is shown only where they may be seen.</summary>
public sealed record EvaluationDetails
{
    /// <summary>Counts of each sample in order: spans right, predicted, gold; of whole texts one prediction and one truth.</summary>
    public required IReadOnlyList<SampleCounts> Samples { get; init; }

    /// <summary>How well confidences say how often the head is right.</summary>
    public required CalibrationReport Calibration { get; init; }

    /// <summary>Names of rows and columns of <see cref="Confusion"/>.</summary>
    public required IReadOnlyList<string> ConfusionLabels { get; init; }

    /// <summary>Counts, rows gold, columns predicted. Spans: of the same start and end; the last row holds spans that are not gold, the last column gold spans not found.</summary>
    public required IReadOnlyList<IReadOnlyList<int>> Confusion { get; init; }

    /// <summary>Wrong samples, the surest first.</summary>
    public required IReadOnlyList<EvaluationError> Errors { get; init; }
}

/// <summary>A sample that the head got wrong.</summary>
/// <param name="Text">The text.</param>
/// <param name="Gold">Gold spans; labels of the whole text cover it.</param>
/// <param name="Predicted">Predicted spans; labels of the whole text cover it.</param>
/// <param name="Confidence">Of the surest wrong prediction, 0–1; 0 where spans were only missed.</param>
public sealed record EvaluationError(string Text, IReadOnlyList<LabelledSpan> Gold, IReadOnlyList<LabelledSpan> Predicted, double Confidence);
