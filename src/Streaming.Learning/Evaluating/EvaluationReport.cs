using System.Text.Json.Serialization;
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

    /// <summary>Share of right texts, or of words with the right tag, or of gold categories with the right sentiment.</summary>
    public required double Accuracy { get; init; }

    /// <summary>95 % bootstrap interval of <see cref="MicroF1"/>, lower end.</summary>
    public required double MicroF1Low { get; init; }

    /// <summary>95 % bootstrap interval of <see cref="MicroF1"/>, upper end.</summary>
    public required double MicroF1High { get; init; }

    /// <summary>Expected calibration error of texts' top probability, or of predicted spans' confidence.</summary>
    public required double Ece { get; init; }

    /// <summary>Brier score: texts, summed over classes, 0–2; spans, of predicted spans' confidence, 0–1. Lower is better.</summary>
    public required double Brier { get; init; }

    /// <summary>Per type or label.</summary>
    public required IReadOnlyDictionary<string, PrecisionRecall> PerType { get; init; }

    /// <summary>ABSA: terms, whatever the polarity; <see cref="MicroF1"/> is that of <see cref="Pairs"/>.</summary>
    public PrecisionRecall? Terms { get; init; }

    /// <summary>Categories of aspects, whatever the sentiment; <see cref="MicroF1"/> is that of <see cref="Pairs"/>.</summary>
    public PrecisionRecall? Categories { get; init; }

    /// <summary>ABSA: terms, or categories, with their polarity.</summary>
    public PrecisionRecall? Pairs { get; init; }

    /// <summary>Where the file gives words and it was asked for: micro F1 of the same sentences as raw text, words found as in serving.</summary>
    public double? RawTextMicroF1 { get; init; }

    /// <summary>Beside another bundle on the same samples; null: not compared.</summary>
    public EvaluationComparison? Against { get; init; }

    /// <summary>What stands behind the figures; not part of the JSON, since it holds texts.</summary>
    [JsonIgnore]
    public EvaluationDetails? Details { get; init; }
}

/// <summary>A bundle beside a baseline on the same samples: micro F1, or accuracy of texts.</summary>
/// <param name="Bundle"><c>name@version</c> of the baseline.</param>
/// <param name="Baseline">Score of the baseline, 0–1.</param>
/// <param name="Difference">Score minus that of the baseline.</param>
/// <param name="DifferenceLow">95 % interval of the difference, lower end.</param>
/// <param name="DifferenceHigh">95 % interval of the difference, upper end.</param>
/// <param name="PValue">Two-sided, of paired randomisation.</param>
public sealed record EvaluationComparison(string Bundle, double Baseline, double Difference, double DifferenceLow, double DifferenceHigh, double PValue)
{
    /// <summary>Compares two reports of the same data.</summary>
    /// <exception cref="ArgumentException">They are not of the same samples.</exception>
    public static EvaluationComparison Of(EvaluationReport report, EvaluationReport baseline, ulong seed)
    {
        if (report.Details is not { } ours || baseline.Details is not { } theirs)
            throw new ArgumentException("Both reports need their details.", nameof(baseline));
        var comparison = PairedComparison.OfMicroF1(theirs.Samples, ours.Samples, seed);
        return new EvaluationComparison(baseline.Bundle, comparison.Baseline, comparison.Difference, comparison.Low, comparison.High, comparison.PValue);
    }

    /// <summary>A sentence for people.</summary>
    public string Describe(string bundle) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"against {Bundle} ({Baseline:F4}) on the same samples: {Difference:+0.0000;-0.0000;0.0000} (95 % from {DifferenceLow:+0.0000;-0.0000;0.0000} to {DifferenceHigh:+0.0000;-0.0000;0.0000}, p = {PValue:0.####}), {(PValue >= 0.05 ? "not significant" : $"{(Difference > 0 ? bundle : Bundle)} is better")}");
}
