using Streaming.Core;
using Streaming.Learning.Data;
using Streaming.Learning.Data.Inspection;

namespace Streaming.Learning.Tests.Data.Inspection;

public sealed class DataSplitTests
{
    private static readonly IReadOnlyList<(string Name, double Share)> Shares = DataSplit.ParseShares("train=8,dev=1,test=1");

    [Fact]
    public void Assign_Labels_KeepTheirSharesInEveryPart()
    {
        var samples = Enumerable.Range(0, 1000).Select(i => (Sample)Text($"text {i}", i % 10 == 0 ? "rare" : "frequent")).ToList();
        var parts = DataSplit.Assign(samples, Shares, 1);
        for (var part = 0; part < 3; part++)
        {
            var members = samples.Where((_, i) => parts[i] == part).Cast<LabelledText>().ToList();
            Assert.Equal(Shares[part].Share * 1000, members.Count, 2.0);
            Assert.Equal(Shares[part].Share * 100, members.Count(m => m.Labels[0] == "rare"), 1.0);
        }
    }

    [Fact]
    public void Assign_DocumentsAndRepeatedTexts_StayTogether()
    {
        var samples = new List<Sample>();
        for (var i = 0; i < 300; i++)
        {
            samples.Add(new TaggedSentence { Text = $"s{i}", Words = [new(0, 1)], Tags = ["O"], Origin = "f:1", Document = i / 10 });
            samples.Add(Text(i % 2 == 0 ? $"again {i / 4}" : $"Again  {i / 4}", "a"));
        }

        var parts = DataSplit.Assign(samples, Shares, 5);
        Assert.All(samples.Select((s, i) => (s, part: parts[i])).Where(p => p.s.Document >= 0).GroupBy(p => p.s.Document), g => Assert.Single(g.Select(p => p.part).Distinct()));
        Assert.All(samples.Select((s, i) => (s, part: parts[i])).Where(p => p.s.Document < 0).GroupBy(p => DataLint.KeyOf(p.s.Text)), g => Assert.Single(g.Select(p => p.part).Distinct()));
        Assert.Equal(3, parts.Distinct().Count());
    }

    [Fact]
    public void Assign_SameSeedInAnotherOrder_GivesTheSameParts()
    {
        var samples = Enumerable.Range(0, 50).Select(i => (Sample)Text($"text {i}", "a")).ToList();
        var parts = DataSplit.Assign(samples, Shares, 9);
        samples.Reverse();
        Assert.Equal(parts.Reverse(), DataSplit.Assign(samples, Shares, 9));
        Assert.NotEqual(parts.Reverse(), DataSplit.Assign(samples, Shares, 10));
    }

    [Theory]
    [InlineData("train=80")]
    [InlineData("train=80,test")]
    [InlineData("train=80,test=0")]
    [InlineData("train=80,train=20")]
    [InlineData("a/b=1,c=1")]
    [InlineData("")]
    public void ParseShares_Wrong_IsRefused(string shares) =>
        Assert.Equal("data_split_invalid", Assert.Throws<StreamingException>(() => DataSplit.ParseShares(shares)).Code);

    private static LabelledText Text(string text, string label) => new() { Text = text, Labels = [label], Origin = "f:1" };
}
