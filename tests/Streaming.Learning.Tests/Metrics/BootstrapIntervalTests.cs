using Streaming.Learning.Metrics;

namespace Streaming.Learning.Tests.Metrics;

public sealed class BootstrapIntervalTests
{
    [Fact]
    public void OfMicroF1_SameSeed_SameInterval()
    {
        SampleCounts[] samples = [new(1, 1, 1), new(0, 1, 1), new(2, 3, 2), new(0, 0, 1)];
        var first = BootstrapInterval.OfMicroF1(samples, 7);
        Assert.Equal(first, BootstrapInterval.OfMicroF1(samples, 7));
        Assert.True(first.Low < first.High);
    }

    [Fact]
    public void OfMicroF1_ManySamples_CoversThePointEstimate()
    {
        // 400 sentences, each with one gold and one predicted span, three of four right: F1 is 0.75.
        var samples = Enumerable.Range(0, 400).Select(i => new SampleCounts(i % 4 == 0 ? 0 : 1, 1, 1)).ToArray();
        var interval = BootstrapInterval.OfMicroF1(samples, 1);
        Assert.InRange(0.75, interval.Low, interval.High);
        // The binomial's 95 % half width is 1.96 × sqrt(.75 × .25 / 400) = 0.042.
        Assert.InRange(interval.High - interval.Low, 0.07, 0.10);
    }

    [Fact]
    public void OfMicroF1_NoSample_IsZero() => Assert.Equal(new BootstrapInterval(0, 0, 0.95), BootstrapInterval.OfMicroF1([], 1));
}
