using Streaming.Contracts;
using Streaming.Learning.Retraining;

namespace Streaming.Learning.Tests.Retraining;

public sealed class SampleSelectionTests
{
    [Fact]
    public void WithinQuota_OneSourceFloods_IsCutToItsShare()
    {
        var samples = Enumerable.Range(0, 900).Select(static i => Sample($"f{i}", "flood")).Concat(Enumerable.Range(0, 60).Select(static i => Sample($"a{i}", "a"))).Concat(Enumerable.Range(0, 40).Select(static i => Sample($"b{i}", "b"))).ToList();

        var kept = SampleSelection.WithinQuota(samples, 0.5);

        Assert.Equal((100, 100), (kept.Count(static s => s.Source == "flood"), kept.Count(static s => s.Source != "flood")));
        Assert.Equal(kept.Select(static s => s.Id).Order(), SampleSelection.WithinQuota([.. samples.AsEnumerable().Reverse()], 0.5).Select(static s => s.Id).Order());
    }

    [Fact]
    public void WithinQuota_OneSourceInAll_KeepsIt()
    {
        var samples = Enumerable.Range(0, 10).Select(static i => Sample($"f{i}", "only")).ToList();

        Assert.Equal(10, SampleSelection.WithinQuota(samples, 0.5).Count);
    }

    [Fact]
    public void BestPerText_SeveralAnswers_PersonsDecisionFirst()
    {
        var machine = Sample("1", "s") with { Text = "t", Agreement = 1 };
        var unsure = Sample("2", "s") with { Text = "t", Agreement = 0.4, LabelledAt = DateTimeOffset.UnixEpoch.AddDays(1) };
        var person = Sample("3", "s") with { Text = "t", LabellerKind = LabellerKind.Person };
        var decided = person with { Id = "4", Adjudicated = true };

        Assert.Equal("1", Assert.Single(SampleSelection.BestPerText([unsure, machine])).Id);
        Assert.Equal("3", Assert.Single(SampleSelection.BestPerText([unsure, machine, person])).Id);
        Assert.Equal("4", Assert.Single(SampleSelection.BestPerText([person, decided, machine])).Id);
    }

    private static LabelledSample Sample(string id, string source) => new()
    {
        Id = id, RequestId = id, DocumentId = id, Task = LabelTask.Entities, Text = id, Validity = SampleValidity.Valid, Labeller = "l",
        LabellerKind = LabellerKind.Llm, Source = source, Topology = "t", LabelledAt = DateTimeOffset.UnixEpoch,
    };
}
