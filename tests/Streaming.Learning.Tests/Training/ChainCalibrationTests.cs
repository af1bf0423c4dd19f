using Streaming.Learning.Training;

namespace Streaming.Learning.Tests.Training;

public sealed class ChainCalibrationTests
{
    [Fact]
    public void Fit_ChainWithoutTransitions_EqualsTemperatureScalingOfTheWords()
    {
        // Words on their own: the CRF's temperature is that of a softmax.
        var random = new SeededRandom(4);
        var logits = new double[300 * 3];
        var labels = new int[300];
        for (var i = 0; i < labels.Length; i++)
        {
            labels[i] = random.Next(3);
            for (var k = 0; k < 3; k++)
                logits[(i * 3) + k] = (float)((random.NextDouble() * 6) - 3 + (k == labels[i] && random.Next(3) > 0 ? 2 : 0));
        }

        var calibration = new ChainCalibration((new float[3], new float[9], new float[3]));
        for (var i = 0; i < labels.Length; i += 3)
        {
            var part = logits.AsSpan(i * 3, 9).ToArray().Select(x => (float)x).ToArray();
            calibration.Add(part, [1u << labels[i], 1u << labels[i + 1], 1u << labels[i + 2]]);
        }

        var expected = Learning.Metrics.TemperatureScaling.Fit(logits, labels, 3);
        Assert.InRange(expected, 0.3, 4.5);
        Assert.Equal(expected, calibration.Fit(CancellationToken.None), 1e-2);
    }

    [Fact]
    public void Fit_NoSentence_IsOne() =>
        Assert.Equal(1, new ChainCalibration((new float[2], new float[4], new float[2])).Fit(CancellationToken.None));
}
