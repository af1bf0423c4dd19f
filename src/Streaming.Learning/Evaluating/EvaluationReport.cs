using Streaming.Learning.Metrics;

namespace Streaming.Learning.Evaluating;

/// <summary>How good one head of a bundle is on one data file. All scores are 0–1.</summary>
public sealed record EvaluationReport
{
    /// <summary><c>name@version</c> of the bundle.</summary>
    public required string Bundle { get; init; }

    /// <summary>The task.</summary>
    public required string Task { get; init; }

    /// <summary>Name of the data file.</summary>
    public required string Data { get; init; }

    /// <summary>Texts or sentences measured; those whose labels fold into several or none are not among them.</summary>
    public required int Samples { get; init; }

    /// <summary>Spans: over all of them, as seqeval counts. Texts: equal to the accuracy.</summary>
    public required double MicroF1 { get; init; }

    /// <summary>Mean over types or labels.</summary>
    public required double MacroF1 { get; init; }

    /// <summary>Share of right texts, or of words with the right tag.</summary>
    public required double Accuracy { get; init; }

    /// <summary>95 % bootstrap interval of <see cref="MicroF1"/>, lower end.</summary>
    public required double MicroF1Low { get; init; }

    /// <summary>95 % bootstrap interval of <see cref="MicroF1"/>, upper end.</summary>
    public required double MicroF1High { get; init; }

    /// <summary>Expected calibration error of texts' top probability, or of predicted spans' confidence.</summary>
    public required double Ece { get; init; }

    /// <summary>Per type or label.</summary>
    public required IReadOnlyDictionary<string, PrecisionRecall> PerType { get; init; }

    /// <summary>ABSA: terms, whatever the polarity; <see cref="MicroF1"/> is that of <see cref="Pairs"/>.</summary>
    public PrecisionRecall? Terms { get; init; }

    /// <summary>ABSA: terms with their polarity.</summary>
    public PrecisionRecall? Pairs { get; init; }

    /// <summary>Where the file gives words and it was asked for: micro F1 of the same sentences as raw text, words found as in serving.</summary>
    public double? RawTextMicroF1 { get; init; }
}
