using Streaming.Core;
using Streaming.Learning.Blending;

namespace Streaming.Learning.Tests.Blending;

public sealed class BlendTests
{
    [Theory]
    [InlineData(BlendStrategy.Distilled, new[] { 1, 1, 1, 1.0 })]
    [InlineData(BlendStrategy.Original, new[] { 0, 0, 0, 0.0 })]
    [InlineData(BlendStrategy.All, new[] { 1, 1, 1, 1.0 })]
    [InlineData(BlendStrategy.SimpleMix, new[] { 1, 1, 0, 0.0 })]
    [InlineData(BlendStrategy.Cosine, new[] { 1, 0.8535533905932737, 0.5, 0.14644660940672627 })]
    [InlineData(BlendStrategy.Power, new[] { 1, 0.5, 0.2928932188134524, 0.1339745962155614 })]
    [InlineData(BlendStrategy.Sigmoid, new[] { 0.8807970779778823, 0.7310585786300049, 0.5, 0.2689414213699951 })]
    public void DistilledShare_FourEpochs_FollowsTheCurve(BlendStrategy strategy, double[] expected)
    {
        var blend = new BlendSettings { Strategy = strategy, Epochs = 4, K = 4, N = 0.5 };

        Assert.Equal(expected, Enumerable.Range(0, 4).Select(blend.DistilledShare), Comparer);
        Assert.All(Enumerable.Range(0, 4), t => Assert.Equal(strategy == BlendStrategy.All ? 1 : 1 - blend.DistilledShare(t), blend.OriginalShare(t), 12));
    }

    [Fact]
    public void DistilledShare_SteepSigmoid_IsTheSimpleMixButForTheMiddle()
    {
        var blend = new BlendSettings { Strategy = BlendStrategy.Sigmoid, Epochs = 10, K = 320 };

        Assert.Equal([1, 1, 1, 1, 1, 0.5, 0, 0, 0, 0.0], Enumerable.Range(0, 10).Select(t => Math.Round(blend.DistilledShare(t), 6)));
    }

    [Fact]
    public void UnitsOf_AnEpoch_DrawsBothKindsByTheirShares()
    {
        var isDistilled = Enumerable.Range(0, 300).Select(static i => i % 3 != 0).ToList();
        var sampler = new BlendSampler(new BlendSettings { Strategy = BlendStrategy.Cosine, Epochs = 4 }, isDistilled);

        var units = sampler.UnitsOf(1);

        Assert.Equal((171, 15), (units.Count(unit => isDistilled[unit]), units.Count(unit => !isDistilled[unit])));
        Assert.Equal(units, sampler.UnitsOf(1));
        Assert.Equal(units.Distinct().Order(), units);
        Assert.NotEqual(units, sampler.UnitsOf(2));
    }

    [Theory]
    [InlineData(BlendStrategy.SimpleMix)]
    [InlineData(BlendStrategy.Power)]
    public void UnitsOf_OneKindOnly_SeesAllOfItInEveryEpoch(BlendStrategy strategy)
    {
        var sampler = new BlendSampler(new BlendSettings { Strategy = strategy, Epochs = 4 }, [true, true, true]);

        Assert.All(Enumerable.Range(0, 4), epoch => Assert.Equal([0, 1, 2], sampler.UnitsOf(epoch)));
    }

    [Fact]
    public void Parse_EveryName_IsReadBack()
    {
        Assert.All(BlendStrategies.Names, static name => Assert.Equal(name, BlendStrategies.NameOf(BlendStrategies.Parse(name))));
        Assert.Equal("blend_unknown", Assert.Throws<StreamingException>(() => BlendStrategies.Parse("linear")).Code);
    }

    private static readonly IEqualityComparer<double> Comparer = new Near();

    private sealed class Near : IEqualityComparer<double>
    {
        public bool Equals(double x, double y) => Math.Abs(x - y) < 1e-12;

        public int GetHashCode(double value) => 0;
    }
}
