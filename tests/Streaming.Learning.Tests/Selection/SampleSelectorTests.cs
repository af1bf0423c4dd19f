using Streaming.Contracts;
using Streaming.Learning.Selection;
using Streaming.Testing.Fakes;

namespace Streaming.Learning.Tests.Selection;

public sealed class SampleSelectorTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Choose_UnsureDocument_GivesARequestWithReasonsAndGuess()
    {
        var selector = Selector();

        var sure = selector.Choose(Document("a", "one two three four"), [Unsure(LabelTask.Entities, 0.1)]);
        var unsure = selector.Choose(Document("b", "five six seven eight"), [Unsure(LabelTask.Entities, 0.6), Unsure(LabelTask.Topics, 0.9)])!;

        Assert.Null(sure);
        Assert.Equal(("b", "five six seven eight", false), (unsure.DocumentId, unsure.Text, unsure.ControlSlice));
        Assert.Equal([LabelTask.Entities], unsure.Tasks);
        Assert.Equal([SelectionReason.Uncertain, SelectionReason.Novel], unsure.Reasons.Select(reason => reason.Code));
        Assert.Equal((0.4, 0.7), (Math.Round(unsure.Reasons[0].Value!.Value, 6), unsure.Reasons[0].Threshold));
        Assert.Equal(("starter", "1", _time.GetUtcNow()), (unsure.Model, unsure.ModelVersion, unsure.RequestedAt));
        Assert.InRange(unsure.Priority, 0.6, 1);
    }

    [Fact]
    public void Choose_TargetShare_IsMetWhileConfidenceDrifts()
    {
        var selector = Selector(options => options with { TargetShare = 0.05, ControlRate = 0, BudgetPerHour = 1_000_000, BudgetPerDay = 1_000_000, Below = new Dictionary<LabelTask, double> { [LabelTask.Entities] = 0.6, [LabelTask.Topics] = 0.6 } });
        var random = new SeededRandom(3);
        var thresholds = new List<double>();

        // The model becomes surer by the thousand: a threshold that stays would choose everything at first and nothing in the end.
        for (var phase = 0; phase < 5; phase++)
        {
            var chosen = 0;
            for (var i = 0; i < 2_000; i++)
            {
                var (entities, topics) = (0.9 - (phase * 0.2) + (random.NextDouble() * 0.1), 0.85 - (phase * 0.2) + (random.NextDouble() * 0.15));
                var request = selector.Choose(Document($"{phase}-{i}", $"a{phase} b{i} c{i * 7} d{i * 13}"), [Unsure(LabelTask.Entities, entities), Unsure(LabelTask.Topics, topics)]);
                if (request is null || i < 1_000)
                    continue;
                chosen++;
                var reason = request.Reasons[0];
                Assert.Equal(SelectionReason.LeastSure, reason.Code);
                Assert.True(reason.Value < reason.Threshold);
                thresholds.Add(reason.Threshold!.Value);
            }

            Assert.InRange(chosen / 1_000.0, 0.03, 0.07);
        }

        Assert.True(thresholds[^1] - thresholds[0] > 0.5);
    }

    [Fact]
    public void Choose_TargetShareBeforeEnoughWasSeen_HoldsTheThresholdsOfTheTopology()
    {
        var selector = Selector(options => options with { TargetShare = 0.01 });

        var request = selector.Choose(Document("a", "one two three four"), [Unsure(LabelTask.Entities, 0.6)])!;

        Assert.Equal((SelectionReason.Uncertain, 0.7), (request.Reasons[0].Code, request.Reasons[0].Threshold));
    }

    [Fact]
    public void Choose_NearlyTheSame_IsChosenOnce()
    {
        var selector = Selector();
        var text = "the quick brown fox jumps over the lazy dog and then goes home to sleep for a very long time indeed";

        Assert.NotNull(selector.Choose(Document("a", text), [Unsure(LabelTask.Entities, 0.6)]));
        Assert.Null(selector.Choose(Document("b", text.ToUpperInvariant() + "!"), [Unsure(LabelTask.Entities, 0.6)]));
        Assert.Equal(1, selector.Counts.PassedOver[SelectionCounts.NearDuplicate]);
    }

    [Fact]
    public void Choose_TheSameAgain_IsTheSameRequestAndCostsNothing()
    {
        var selector = Selector(options => options with { BudgetPerHour = 1, RandomShare = 0 });
        var first = selector.Choose(Document("a", "one two three"), [Unsure(LabelTask.Entities, 0.6)])!;

        var replay = selector.Choose(Document("a", "one two three"), [Unsure(LabelTask.Entities, 0.6)])!;

        Assert.Equal(first.Id, replay.Id);
        Assert.Equal(1, selector.Counts.Chosen[SelectionReason.Uncertain]);
        Assert.Null(selector.Choose(Document("b", "four five six"), [Unsure(LabelTask.Entities, 0.6)]));
    }

    [Fact]
    public void Choose_BudgetsOfHourSourceAndDay_Hold()
    {
        var selector = Selector(options => options with { BudgetPerHour = 10, BudgetPerSource = 3, BudgetPerDay = 25, RandomShare = 0 });
        var chosen = new List<LabelRequest>();
        for (var hour = 0; hour < 5; hour++)
        {
            for (var i = 0; i < 100; i++)
            {
                if (selector.Choose(Document($"{hour}-{i}", $"a{hour} b{i} c{hour * i} d", i % 2 == 0 ? "loud" : $"s{i}"), [Unsure(LabelTask.Entities, 0.6)]) is { } request)
                    chosen.Add(request);
            }

            _time.Advance(TimeSpan.FromHours(1));
        }

        var byHour = chosen.GroupBy(request => request.RequestedAt).ToList();
        Assert.Equal([10, 10, 5], byHour.Select(hour => hour.Count()));
        Assert.All(byHour, hour => Assert.InRange(hour.Count(request => request.Source == "loud"), 1, 3));
        Assert.True(selector.Counts.PassedOver[SelectionCounts.DayBudget] > 0 && selector.Counts.PassedOver[SelectionCounts.HourBudget] > 0 && selector.Counts.PassedOver[SelectionCounts.SourceBudget] > 0);
    }

    [Fact]
    public void Choose_ControlSlice_DependsOnTheIdAlone()
    {
        var options = (SelectionOptions o) => o with { ControlRate = 0.1, BudgetPerHour = 1_000_000, BudgetPerDay = 1_000_000, RandomShare = 1 };
        var (sure, unsure) = (Selector(options), Selector(options));
        var ids = Enumerable.Range(0, 5_000).Select(i => $"d{i}").ToList();

        var left = ids.Select(id => sure.Choose(Document(id, "the same text"), [])).Where(request => request is not null).Select(request => request!.DocumentId).ToList();
        var right = Enumerable.Reverse(ids).Select(id => unsure.Choose(Document(id, $"text {id} of its own"), [Unsure(LabelTask.Entities, 0.2)]))
            .Where(request => request is { ControlSlice: true }).Select(request => request!.DocumentId).ToList();

        Assert.InRange(left.Count, 430, 570);
        Assert.Equal(left.Order(), right.Order());
    }

    [Fact]
    public void Choose_LikeAControlDocument_IsNotLearntFrom()
    {
        var selector = Selector(options => options with { ControlRate = 0.5, RandomShare = 1 });
        var control = Enumerable.Range(0, 100).Select(i => $"d{i}").First(selector.IsControl);
        var other = Enumerable.Range(100, 100).Select(i => $"d{i}").First(id => !selector.IsControl(id));
        Assert.True(selector.Choose(Document(control, "one two three four"), [])!.ControlSlice);

        Assert.Null(selector.Choose(Document(other, "One two three four."), [Unsure(LabelTask.Entities, 0.6)]));
    }

    [Fact]
    public void Remember_BeforeARestart_KeepsDuplicatesAndBudgets()
    {
        var before = Selector(options => options with { BudgetPerHour = 1, RandomShare = 0 });
        var request = before.Choose(Document("a", "one two three four"), [Unsure(LabelTask.Entities, 0.6)])!;
        var after = Selector(options => options with { BudgetPerHour = 1, RandomShare = 0 });

        after.Remember([request]);

        Assert.Null(after.Choose(Document("b", "one two three four!"), [Unsure(LabelTask.Entities, 0.6)]));
        Assert.Null(after.Choose(Document("c", "five six seven eight"), [Unsure(LabelTask.Entities, 0.6)]));
        Assert.Equal(1, after.Counts.PassedOver[SelectionCounts.NearDuplicate]);
        Assert.Equal(1, after.Counts.PassedOver[SelectionCounts.HourBudget]);
    }

    [Fact]
    public void Choose_Disagreement_IsAReasonOfItsOwn()
    {
        var request = Selector().Choose(Document("a", "one two three"), [Unsure(LabelTask.Sentiment, 0.1) with { Disagreement = 0.8 }])!;

        Assert.Equal((SelectionReason.Disagreement, LabelTask.Sentiment), (request.Reasons[0].Code, request.Reasons[0].Task!.Value));
    }

    [Fact]
    public void Between_Guesses_CountsWhatOnlyOneSays()
    {
        var one = new LabelGuess { Entities = [new("PER", "a", 0, 1, 1), new("LOC", "b", 2, 3, 1)], Sentiment = new("pos", 0.8, [new("pos", 0.8), new("neg", 0.2)]) };
        var two = one with { Entities = [new("PER", "a", 0, 1, 0.5), new("ORG", "b", 2, 3, 1)], Sentiment = new("neg", 0.7, [new("neg", 0.7), new("pos", 0.3)]) };

        Assert.Equal(0.5, Disagreement.Between(LabelTask.Entities, one, two), 1e-9);
        Assert.Equal(0.5, Disagreement.Between(LabelTask.Sentiment, one, two), 1e-9);
        Assert.Equal(0, Disagreement.Between(LabelTask.Topics, one, two));
        Assert.Equal(0, Disagreement.Between(LabelTask.Entities, one, one));
    }

    private SampleSelector Selector(Func<SelectionOptions, SelectionOptions>? change = null)
    {
        var options = new SelectionOptions
        {
            Topology = "t", Tasks = [LabelTask.Entities, LabelTask.Sentiment], Below = new Dictionary<LabelTask, double> { [LabelTask.Entities] = 0.7 }, ControlRate = 0,
        };
        return new SampleSelector(change?.Invoke(options) ?? options, _time);
    }

    private static TaskUncertainty Unsure(LabelTask task, double value) => new() { Task = task, LeastConfidence = value, Margin = value, Entropy = value };

    private static EnrichedDocument Document(string id, string text, string? source = null) => new()
    {
        Id = id, Text = text, Entities = [], Topics = [], Aspects = [], Source = source, Coverage = 1, EventTime = Make.Noon, IngestTime = Make.Noon,
        Lineage = new Lineage { Model = "starter", ModelVersion = "1", Heads = new Dictionary<string, string>(), Topology = "t", Topic = "raw", Partition = 0, Offset = 0 },
    };
}
