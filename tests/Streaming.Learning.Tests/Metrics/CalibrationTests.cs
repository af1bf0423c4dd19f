using System.Text.Json;
using Streaming.Learning.Metrics;
using Streaming.Testing;

namespace Streaming.Learning.Tests.Metrics;

public sealed class CalibrationTests
{
    [Theory]
    [InlineData("calibration/binary_imbalanced.json")]
    [InlineData("calibration/overconfident_3.json")]
    [InlineData("calibration/underconfident_10.json")]
    public void ProbabilityReport_GoldenLogits_EqualsReference(string file)
    {
        var item = Golden.ReadJson(file);
        var classes = item.GetProperty("classes").GetInt32();
        var logits = item.GetProperty("logits").EnumerateArray().SelectMany(r => r.EnumerateArray()).Select(e => e.GetDouble()).ToArray();
        var labels = item.GetProperty("labels").EnumerateArray().Select(e => e.GetInt32()).ToArray();

        var temperature = TemperatureScaling.Fit(logits, labels, classes);

        Assert.Equal(item.GetProperty("temperature").GetDouble(), temperature, 1e-9);
        AssertReport(item.GetProperty("raw"), logits, labels, classes, 1);
        AssertReport(item.GetProperty("scaled"), logits, labels, classes, temperature);
    }

    [Fact]
    public void CalibrationReport_ConfidencesOnBinEdges_FallBelowTheEdge()
    {
        var item = Golden.ReadJson("calibration/bin_edges.json");
        var confidences = item.GetProperty("confidence").EnumerateArray().Select(e => e.GetDouble()).ToArray();
        var correct = item.GetProperty("correct").EnumerateArray().Select(e => e.GetInt32() == 1).ToArray();
        var report = CalibrationReport.Of(confidences, correct, item.GetProperty("bins").GetInt32());
        Assert.Equal(item.GetProperty("ece").GetDouble(), report.ExpectedError, 1e-12);
        Assert.Equal(item.GetProperty("mce").GetDouble(), report.MaximumError, 1e-12);
        AssertBins(item.GetProperty("rows_bin_count_meanconf_accuracy"), report.Bins);
    }

    [Fact]
    public void Fit_NoSample_GivesOne() => Assert.Equal(1, TemperatureScaling.Fit([], [], 3));

    [Fact]
    public void Fit_AlwaysRight_StopsAtTheSharpestTemperature() =>
        Assert.Equal(TemperatureScaling.MinTemperature, TemperatureScaling.Fit([1, 0, 0, 1], [0, 1], 2));

    private static void AssertReport(JsonElement expected, double[] logits, int[] labels, int classes, double temperature)
    {
        var report = ProbabilityReport.Of(logits, labels, classes, temperature);
        Assert.Equal(expected.GetProperty("log_loss").GetDouble(), report.LogLoss, 1e-9);
        Assert.Equal(expected.GetProperty("brier_sum_over_classes").GetDouble(), report.Brier, 1e-9);
        Assert.Equal(expected.GetProperty("accuracy").GetDouble(), report.Accuracy, 1e-12);
        Assert.Equal(expected.GetProperty("mean_confidence").GetDouble(), report.MeanConfidence, 1e-9);
        Assert.Equal(expected.GetProperty("ece_15").GetDouble(), report.Calibration.ExpectedError, 1e-9);
        Assert.Equal(expected.GetProperty("mce_15").GetDouble(), report.Calibration.MaximumError, 1e-9);
        AssertBins(expected.GetProperty("bins_15"), report.Calibration.Bins);
        Assert.Equal(expected.GetProperty("ece_10").GetDouble(), ProbabilityReport.Of(logits, labels, classes, temperature, 10).Calibration.ExpectedError, 1e-9);
    }

    private static void AssertBins(JsonElement expected, IReadOnlyList<CalibrationBin> bins)
    {
        Assert.Equal(expected.GetArrayLength(), bins.Count);
        for (var b = 0; b < bins.Count; b++)
        {
            Assert.Equal(expected[b][0].GetInt32(), bins[b].Index);
            Assert.Equal(expected[b][1].GetInt32(), bins[b].Count);
            Assert.Equal(expected[b][2].GetDouble(), bins[b].MeanConfidence, 1e-9);
            Assert.Equal(expected[b][3].GetDouble(), bins[b].Accuracy, 1e-9);
        }
    }
}
