using Streaming.Learning.Metrics;

namespace Streaming.Learning.Tests.Metrics;

public sealed class PairedComparisonTests
{
    [Fact]
    public void OfAccuracy_SameAnswers_FindsNoDifference()
    {
        var right = Enumerable.Range(0, 200).Select(i => i % 3 != 0).ToArray();
        var comparison = PairedComparison.OfAccuracy(right, right);
        Assert.Equal(0, comparison.Difference);
        Assert.Equal(1, comparison.PValue);
        Assert.False(comparison.IsSignificant);
    }

    [Fact]
    public void OfAccuracy_EightDiscordantPairsOneWay_GivesTheSignTestsProbability()
    {
        // 8 samples only the candidate gets right, none the other way: the exact two-sided probability is 2 / 2^8.
        var baseline = Enumerable.Range(0, 100).Select(i => i >= 8).ToArray();
        var candidate = Enumerable.Repeat(true, 100).ToArray();
        var comparison = PairedComparison.OfAccuracy(baseline, candidate, seed: 3, rounds: 20_000);
        Assert.Equal(0.08, comparison.Difference, 12);
        Assert.Equal(2.0 / 256, comparison.PValue, 0.003);
        Assert.InRange(comparison.Low, 0.02, 0.05);
        Assert.InRange(comparison.High, 0.11, 0.15);
    }

    [Fact]
    public void OfMicroF1_CandidateTradesOneErrorForAnother_IsNotSignificant()
    {
        var baseline = Enumerable.Range(0, 50).Select(i => new SampleCounts(i % 2, 1, 1)).ToArray();
        var candidate = Enumerable.Range(0, 50).Select(i => new SampleCounts((i + 1) % 2, 1, 1)).ToArray();
        var comparison = PairedComparison.OfMicroF1(baseline, candidate);
        Assert.Equal(0, comparison.Difference, 12);
        Assert.True(comparison.PValue > 0.5);
    }

    [Fact]
    public void OfMicroF1_ScoresAreThoseOfTheWhole()
    {
        SampleCounts[] baseline = [new(1, 2, 2), new(0, 0, 1), new(3, 3, 3)];
        SampleCounts[] candidate = [new(2, 2, 2), new(1, 2, 1), new(3, 3, 3)];
        var comparison = PairedComparison.OfMicroF1(baseline, candidate);
        Assert.Equal(2.0 * 4 / (5 + 6), comparison.Baseline, 12);
        Assert.Equal(2.0 * 6 / (7 + 6), comparison.Candidate, 12);
    }

    [Fact]
    public void OfMicroF1_DifferentGold_IsRefused() =>
        Assert.Throws<ArgumentException>(() => PairedComparison.OfMicroF1([new(1, 1, 1)], [new(1, 1, 2)]));

    [Fact]
    public void OfAccuracy_EquallyGoodModels_AreCalledDifferentAsOftenAsTheLevelSays()
    {
        // Two models right independently with the same probability: about 5 % of comparisons may be significant.
        var random = new SeededRandom(11);
        var significant = 0;
        for (var trial = 0; trial < 200; trial++)
        {
            var a = Enumerable.Range(0, 120).Select(_ => random.NextDouble() < 0.8).ToArray();
            var b = Enumerable.Range(0, 120).Select(_ => random.NextDouble() < 0.8).ToArray();
            significant += PairedComparison.OfAccuracy(a, b, (ulong)trial, 300).IsSignificant ? 1 : 0;
        }

        Assert.InRange(significant, 1, 22);
    }
}
