using Streaming.Cli.Soak;

namespace Streaming.Cli.Tests.Soak;

public class MemorySamplesTests
{
    private const long Megabyte = 1 << 20;

    [Fact]
    public void Take_WarmUpThenLevel_JudgesWhatComesBehind()
    {
        var memory = Points(40, static point => Math.Min(100 + (8 * point), 196));
        Assert.InRange(memory.WarmUp!.Value, 2 * MemorySamples.Span, MemorySamples.LongestWarmUp);
        Assert.True(memory.IsJudged);
        Assert.InRange(memory.GrowthPercent, -0.1, 1);
    }

    [Fact]
    public void Take_StillInWarmUp_JudgesNothing()
    {
        var memory = Points(MemorySamples.LongestWarmUp - 1, static point => 100 + (8 * point));
        Assert.Null(memory.WarmUp);
        Assert.False(memory.IsJudged);
    }

    [Fact]
    public void Take_LevelTooNearTheEnd_JudgesNothing()
    {
        var memory = Points((4 * MemorySamples.Span) - 1, static _ => 200);
        Assert.Equal(2 * MemorySamples.Span, memory.WarmUp);
        Assert.False(memory.IsJudged);
    }

    [Fact]
    public void Take_FastLeak_IsNoWarmUpForever()
    {
        var memory = Points(60, static point => 100 + (8 * point));
        Assert.Equal(MemorySamples.LongestWarmUp, memory.WarmUp);
        Assert.True(memory.GrowthPercent > 50);
    }

    [Fact]
    public void Take_SlowLeak_ShowsInALongRun()
    {
        var memory = Points(60, static point => 200 + (0.4 * point));
        Assert.Equal(2 * MemorySamples.Span, memory.WarmUp);
        Assert.True(memory.GrowthPercent > 5);
    }

    [Fact]
    public void Take_SingleSamplesApart_CountForNothing()
    {
        var memory = new MemorySamples();
        for (var ended = 0; ended <= 40_000; ended += 100)
            memory.Take(ended, (ended % 700 == 0 ? 400 : 200) * Megabyte);
        Assert.Equal(40, memory.Points.Count);
        Assert.Equal(0, memory.GrowthPercent);
    }

    private static MemorySamples Points(int count, Func<int, double> megabytes)
    {
        var memory = new MemorySamples();
        for (var point = 0; point < count; point++)
        {
            for (var part = 1; part <= 4; part++)
                memory.Take((point * MemorySamples.PerPoint) + (part * MemorySamples.PerPoint / 4), (long)(megabytes(point) * Megabyte));
        }

        return memory;
    }
}
