using Streaming.Learning.Retraining;

namespace Streaming.Learning.Tests.Retraining;

public sealed class TriggerTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(500, false, false, "count")]
    [InlineData(499, false, false, null)]
    [InlineData(1, true, false, "schedule")]
    [InlineData(1, false, true, "drift")]
    [InlineData(0, true, true, null)]
    public void Due_EachTrigger_NeedsNewLabels(long waiting, bool isScheduled, bool hasDrifted, string? expected)
    {
        var schedule = CronSchedule.Parse(isScheduled ? "0 6 * * *" : "0 13 * * *", null);
        var drift = new DriftReport(hasDrifted ? 0.3 : 0.1, 0, 0);

        Assert.Equal(expected, RetrainTriggers.Due(waiting, 500, schedule, Noon.AddHours(-8), drift, Noon));
    }

    [Fact]
    public void Measure_SameKindOfFindings_IsNoShift()
    {
        var monitor = new DriftMonitor(500);
        var random = new SeededRandom(3);
        for (var i = 0; i < 1_200; i++)
            monitor.Add(random.Next(3) == 0 ? "a" : "b", random.NextDouble());

        var report = monitor.Measure()!;

        Assert.False(report.IsShift);
        Assert.InRange(report.ConfidenceDistance, 0, 0.15);
    }

    [Theory]
    [InlineData(0.9, 0.5)]
    [InlineData(0.33, 0.05)]
    public void Measure_OtherLabelsOrOtherConfidence_IsAShift(double shareOfA, double confidence)
    {
        var monitor = new DriftMonitor(500);
        var random = new SeededRandom(3);
        for (var i = 0; i < 500; i++)
            monitor.Add(random.NextDouble() < 0.33 ? "a" : "b", 0.5 + (random.NextDouble() / 10));
        Assert.Null(monitor.Measure());
        for (var i = 0; i < 500; i++)
            monitor.Add(random.NextDouble() < shareOfA ? "a" : "b", confidence + (random.NextDouble() / 10));

        Assert.True(monitor.Measure()!.IsShift);
        monitor.Reset();
        Assert.Null(monitor.Measure());
    }

    [Fact]
    public void Distance_KnownSamples_IsTheLargestGap()
    {
        Assert.Equal(0, DriftMonitor.Distance([1, 2, 3], [1, 2, 3]));
        Assert.Equal(1, DriftMonitor.Distance([1, 2], [3, 4]));
        Assert.Equal(0.5, DriftMonitor.Distance([1, 2, 3, 4], [3, 4, 5, 6]));
    }

    [Fact]
    public void StabilityIndex_KnownShares_IsTheSum() =>
        Assert.Equal((0.2 * Math.Log(0.7 / 0.5)) + (-0.2 * Math.Log(0.3 / 0.5)), DriftMonitor.StabilityIndex([0.5, 0.5], [0.7, 0.3]), 12);
}
