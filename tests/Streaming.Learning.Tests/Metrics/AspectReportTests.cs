using Streaming.Learning.Metrics;

namespace Streaming.Learning.Tests.Metrics;

public sealed class AspectReportTests
{
    [Fact]
    public void Of_TermRightAndPolarityWrong_CountsForTermsOnly()
    {
        TagSpan[] gold = [new("positive", 0, 1), new("negative", 4, 4)];
        TagSpan[] predicted = [new("positive", 0, 1), new("neutral", 4, 4), new("neutral", 6, 6)];
        var report = AspectReport.Of([(gold, predicted)]);
        Assert.Equal(2 * (2.0 / 3) / (1 + (2.0 / 3)), report.Terms.Micro.F1, 1e-12);
        Assert.Equal(0.4, report.Pairs.Micro.F1, 1e-12);
        Assert.Equal(1, report.Pairs.Types["positive"].F1);
        Assert.Equal(0, report.Pairs.Types["negative"].F1);
    }
}
