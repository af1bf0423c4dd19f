namespace Streaming.Learning.Metrics;

/// <summary>Quality of class probabilities.</summary>
/// <param name="LogLoss">Mean negative natural log of the gold class's probability.</param>
/// <param name="Brier">Sum over classes of squared differences, averaged over samples; 0–2.</param>
/// <param name="Accuracy">Share of samples whose most probable class is right.</param>
/// <param name="MeanConfidence">Mean of the top probability.</param>
/// <param name="Calibration">Calibration of the top probability.</param>
public sealed record ProbabilityReport(double LogLoss, double Brier, double Accuracy, double MeanConfidence, CalibrationReport Calibration)
{
    /// <summary>From logits divided by a temperature.</summary>
    /// <param name="logits">Row-major, samples × <paramref name="classCount"/>.</param>
    /// <param name="labels">Gold class of each sample.</param>
    /// <param name="classCount">Number of classes.</param>
    /// <param name="temperature">Above 0.</param>
    /// <param name="bins">Bins of the calibration error.</param>
    public static ProbabilityReport Of(ReadOnlySpan<double> logits, ReadOnlySpan<int> labels, int classCount, double temperature = 1, int bins = 15)
    {
        var confidences = new double[labels.Length];
        var correct = new bool[labels.Length];
        var row = new double[classCount];
        double logLoss = 0, brier = 0;
        var right = 0;
        for (var i = 0; i < labels.Length; i++)
        {
            TemperatureScaling.LogSoftmax(logits.Slice(i * classCount, classCount), temperature, row);
            var best = 0;
            for (var c = 0; c < classCount; c++)
            {
                if (row[c] > row[best])
                    best = c;
                var probability = Math.Exp(row[c]);
                var difference = probability - (c == labels[i] ? 1 : 0);
                brier += difference * difference;
            }

            logLoss -= row[labels[i]];
            confidences[i] = Math.Exp(row[best]);
            correct[i] = best == labels[i];
            right += correct[i] ? 1 : 0;
        }

        var count = Math.Max(1, labels.Length);
        return new ProbabilityReport(
            logLoss / count, brier / count, (double)right / count, confidences.Sum() / count, CalibrationReport.Of(confidences, correct, bins));
    }
}
