using Streaming.Contracts;
using Streaming.Core.Models.Registry;
using Streaming.Learning.Promotion;

namespace Streaming.Learning.Tests.Promotion;

public sealed class RolloutGuardsTests
{
    private static readonly DateTimeOffset Since = DateTimeOffset.UnixEpoch;

    [Fact]
    public void Judge_NotEnoughDocuments_Waits() =>
        Assert.Equal(RolloutStep.Wait, RolloutGuards.Judge(Stage(), Counts(documents: 99), Since).Step);

    [Fact]
    public void Judge_EnoughWithinTheGuards_PassesWithReasonsAndFigures()
    {
        var verdict = RolloutGuards.Judge(Stage(), Counts(documents: 100), Since);

        Assert.Equal(RolloutStep.Pass, verdict.Step);
        Assert.Equal("shadow: 100 documents of version 2 within the guards.", verdict.Reasons[0]);
        Assert.Equal(0.9, verdict.Metrics["shadow.sentiment.agreement"], 9);
        Assert.Equal(0.8, verdict.Metrics["shadow.sentiment.confidence.before"], 9);
        Assert.Equal(0.8, verdict.Metrics["shadow.sentiment.confidence.after"], 9);
    }

    [Fact]
    public void Judge_LeastTimeNotOver_Waits()
    {
        var stage = Stage(plan => plan with { MinDuration = TimeSpan.FromHours(1) });

        Assert.Equal(RolloutStep.Wait, RolloutGuards.Judge(stage, Counts(100), Since.AddMinutes(59)).Step);
        Assert.Equal(RolloutStep.Pass, RolloutGuards.Judge(stage, Counts(100), Since.AddMinutes(60)).Step);
    }

    [Fact]
    public void Judge_LongestTimeOver_Withdraws()
    {
        var verdict = RolloutGuards.Judge(Stage(plan => plan with { MaxDuration = TimeSpan.FromHours(2) }), Counts(99), Since.AddHours(2));

        Assert.Equal((RolloutStep.Withdraw, "shadow: only 99 of 100 documents in 2 hours, which is as long as it may take."), (verdict.Step, verdict.Reasons[0]));
    }

    [Theory]
    [InlineData("failures", "it failed on 3 of 3 texts (model_failed: 3)")]
    [InlineData("confidence", "mean confidence of sentiment 0.800")]
    [InlineData("labels", "the labels of sentiment shift")]
    [InlineData("agreement", "sentiment agree by 0.400")]
    [InlineData("latency", "on 11 of 20 batches")]
    public void Judge_OneGuardFails_WithdrawsBeforeTheEndAndSaysWhy(string guard, string reason)
    {
        var counts = guard switch
        {
            "failures" => new RolloutCounts { Failures = { ["model_failed"] = 3 } },
            "confidence" => Counts(60, confidence: 0.65),
            "labels" => Counts(60, negative: 50),
            "agreement" => Counts(60, agreement: 0.4),
            _ => Counts(60, slow: 11),
        };

        var verdict = RolloutGuards.Judge(Stage(), counts, Since);

        Assert.Equal(RolloutStep.Withdraw, verdict.Step);
        Assert.Contains(reason, Assert.Single(verdict.Reasons));
    }

    [Theory]
    [InlineData(50, 50)]
    [InlineData(60, 600)]
    public void LabelShift_SmallDrawsOfOneDistribution_AreNoShift(int before, int after)
    {
        var random = new SeededRandom(5);
        var shifts = Enumerable.Range(0, 2_000).Select(_ => RolloutGuards.LabelShift(LabelTask.Topics, Draw(random, before, 8), Draw(random, after, 8))).ToList();

        Assert.InRange(shifts.Count(static shift => shift > 0), 0, 6);
        Assert.InRange(shifts.Max(), 0, 0.1);
    }

    [Fact]
    public void LabelShift_AnotherDistribution_IsSeenInAHundredDocuments()
    {
        var random = new SeededRandom(5);
        for (var round = 0; round < 200; round++)
            Assert.InRange(RolloutGuards.LabelShift(LabelTask.Topics, Draw(random, 100, 8), Draw(random, 100, 2)), 0.25, 100);
    }

    [Fact]
    public void Add_SeveralProcesses_IsTheirSum()
    {
        var all = new RolloutCounts();
        all.Add(Counts(40));
        all.Add(Counts(60, negative: 10, slow: 3));

        Assert.Equal((100, 100, 10, 40, 3), (all.Candidate.Documents, all.Compared, all.Candidate.Tasks[LabelTask.Sentiment].Labels["negative"], all.TimedBatches, all.SlowBatches));
        Assert.Equal(0.9, all.MeanAgreement(LabelTask.Sentiment), 9);
    }

    private static ModelRollout Stage(Func<RolloutPlan, RolloutPlan>? change = null)
    {
        var plan = new RolloutPlan { Mode = RolloutMode.Progressive, ShadowDocuments = 100 };
        return new ModelRollout { Digest = new string('a', 64), Version = "2", Stage = RolloutStage.Shadow, Plan = change is null ? plan : change(plan), Sequence = 2, Since = Since };
    }

    private static RolloutCounts Counts(int documents, double confidence = 0.8, int negative = 0, double agreement = 0.9, int slow = 0)
    {
        var counts = new RolloutCounts { Compared = documents, TimedBatches = 20, SlowBatches = slow, InForceSeconds = 1, CandidateSeconds = 1, Agreement = { [LabelTask.Sentiment] = agreement * documents } };
        foreach (var (side, sure, other) in new[] { (counts.InForce, 0.8, 0), (counts.Candidate, confidence, negative) })
        {
            side.Documents = documents;
            for (var i = 0; i < documents; i++)
                side.Of(LabelTask.Sentiment).Add(i < other ? "negative" : "positive", sure);
        }

        return counts;
    }

    private static SideCounts Draw(SeededRandom random, int count, int labels)
    {
        var side = new SideCounts { Documents = count };
        for (var i = 0; i < count; i++)
            side.Of(LabelTask.Topics).Add("l" + Math.Min(random.Next(labels), random.Next(labels)), 1);
        return side;
    }
}
