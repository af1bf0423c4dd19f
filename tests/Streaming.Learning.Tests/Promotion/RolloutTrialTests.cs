using Streaming.Contracts;
using Streaming.Core.Models.Registry;
using Streaming.Learning.Promotion;
using Streaming.Learning.Selection;
using Streaming.Testing.Fakes;
using Annotations = Streaming.Core.Models.Annotations;

namespace Streaming.Learning.Tests.Promotion;

public sealed class RolloutTrialTests
{
    private static readonly IReadOnlyList<LabelTask> Tasks = [LabelTask.Entities, LabelTask.Sentiment];
    private static readonly TimeSpan Pass = TimeSpan.FromMilliseconds(10);

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Serves_Canary_IsToldByTheIdAloneAndNearTheShare()
    {
        var ids = Enumerable.Range(0, 20_000).Select(static i => "document-" + Make.Number(i)).ToList();
        var (first, again, other) = (Trial(RolloutStage.Canary, share: 0.05), Trial(RolloutStage.Canary, share: 0.05), Trial(RolloutStage.Canary, share: 0.05, digest: 'b'));

        var served = ids.Where(first.Serves).ToList();

        Assert.InRange(served.Count, 850, 1_150);
        Assert.Equal(served, ids.Where(again.Serves));
        // The next candidate gets others: no document is always the one that is tried on.
        Assert.InRange(served.Count(other.Serves), 0, served.Count / 5);
        Assert.DoesNotContain(ids, Trial(RolloutStage.Shadow, share: 1).Serves);
    }

    [Fact]
    public void Shadows_ShareOfTheBatches_IsTaken()
    {
        var trial = Trial(RolloutStage.Shadow, plan: static plan => plan with { ShadowShare = 0.25, ShadowRate = 1_000_000 });

        Assert.Equal(25, Enumerable.Range(0, 100).Count(_ => trial.Shadows(8, Pass)));
    }

    [Fact]
    public void Shadows_MoreThanTheRate_WaitsForTime()
    {
        var trial = Trial(RolloutStage.Shadow, plan: static plan => plan with { ShadowShare = 1, ShadowRate = 20 });

        Assert.Equal(2, Enumerable.Range(0, 10).Count(_ => trial.Shadows(10, Pass)));
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Equal(1, Enumerable.Range(0, 10).Count(_ => trial.Shadows(10, Pass)));
        _time.Advance(TimeSpan.FromSeconds(1));
        // Larger than a second's worth: it goes when that is there.
        Assert.Equal(1, Enumerable.Range(0, 10).Count(_ => trial.Shadows(100, Pass)));
    }

    [Fact]
    public void Shadows_SlowCandidate_StaysWithinItsShareOfTheTime()
    {
        var trial = Trial(RolloutStage.Shadow, plan: static plan => plan with { ShadowShare = 1, ShadowRate = 1_000_000, MaxOverhead = 0.5 });
        var spent = TimeSpan.Zero;
        for (var batch = 0; batch < 1_000; batch++)
        {
            if (!trial.Shadows(1, Pass))
                continue;
            trial.Timed(Pass, Pass * 20, comparable: true);
            spent += Pass * 20;
        }

        Assert.InRange(spent / (Pass * 1_000), 0.4, 0.5 + 0.02);
        Assert.Equal((trial.Counts().TimedBatches, 20.0), (trial.Counts().SlowBatches, Math.Round(trial.Counts().LatencyRatio, 6)));
    }

    [Fact]
    public void Compared_Disagreement_BecomesAReasonToLabel()
    {
        var trial = Trial(RolloutStage.Shadow);
        var selector = new SampleSelector(new SelectionOptions { Topology = "t", Tasks = Tasks, ControlRate = 0, DisagreementFrom = 0.6 }, _time);
        var uncertainty = Tasks.Select(static task => new TaskUncertainty { Task = task, LeastConfidence = 0.1, Margin = 0.1, Entropy = 0.1 }).ToList();
        var (same, differs) = (Found("positive", 0.9), Found("negative", 0.9));

        var agreed = trial.Compared(same with { Uncertainty = uncertainty }, same);
        var disagreed = trial.Compared(same with { Uncertainty = uncertainty }, differs);

        Assert.Null(selector.Choose(Document("a", "one two three four"), agreed.Uncertainty));
        var reason = selector.Choose(Document("b", "five six seven eight"), disagreed.Uncertainty)!.Reasons[0];
        Assert.Equal((SelectionReason.Disagreement, LabelTask.Sentiment, 0.9, 0.6), (reason.Code, reason.Task!.Value, Math.Round(reason.Value!.Value, 6), reason.Threshold!.Value));
        var counts = trial.Counts();
        Assert.Equal((2, 2, 2), (counts.Compared, counts.InForce.Documents, counts.Candidate.Documents));
        Assert.Equal((1.0, 0.55), (counts.MeanAgreement(LabelTask.Entities), Math.Round(counts.MeanAgreement(LabelTask.Sentiment), 6)));
        Assert.Equal(2, counts.Candidate.Tasks[LabelTask.Entities].Labels[TaskCounts.Nothing]);
    }

    [Fact]
    public void Compared_UncertaintyNotMeasured_LeavesTheFindingsAlone()
    {
        var found = Found("positive", 0.9);

        Assert.Same(found, Trial(RolloutStage.Canary).Compared(found, Found("negative", 0.9)));
    }

    private RolloutTrial Trial(RolloutStage stage, double share = 0.1, char digest = 'a', Func<RolloutPlan, RolloutPlan>? plan = null)
    {
        var first = new RolloutPlan { Mode = RolloutMode.Progressive, CanaryShare = share };
        return new RolloutTrial("t", new ModelRollout { Digest = new string(digest, 64), Version = "2", Stage = stage, Plan = plan is null ? first : plan(first), Sequence = 2, Since = _time.GetUtcNow() }, Tasks, _time);
    }

    private static Annotations Found(string sentiment, double confidence) => new()
    {
        Sentiment = new SentimentAnnotation(sentiment, confidence, [new LabelScore(sentiment, confidence)]),
    };

    private static EnrichedDocument Document(string id, string text) => new()
    {
        Id = id,
        Text = text,
        Entities = [],
        Topics = [],
        Aspects = [],
        Coverage = 1,
        EventTime = DateTimeOffset.UnixEpoch,
        IngestTime = DateTimeOffset.UnixEpoch,
        Lineage = new Lineage { Model = "m", ModelVersion = "1", Heads = new Dictionary<string, string>(), Topology = "t", Topic = "raw", Partition = 0, Offset = 0 },
    };
}
