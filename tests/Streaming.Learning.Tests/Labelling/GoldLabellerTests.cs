using Streaming.Contracts;
using Streaming.Learning.Data;
using Streaming.Learning.Labelling;
using Streaming.Testing.Conformance;
using Streaming.Testing.Fakes;

namespace Streaming.Learning.Tests.Labelling;

public sealed class GoldLabellerTests
{
    private static readonly ManualTimeProvider Time = new();

    [Fact]
    public async Task LabelAsync_Replay_AnswersFromTheFileAndAbstainsOnTheRest()
    {
        var gold = new GoldAnswers()
            .Add(LabelTask.Entities, [new TaggedSentence { Text = "Anna lives in New York", Origin = "f:1", Words = [new(0, 4), new(5, 10), new(11, 13), new(14, 17), new(18, 22)], Tags = ["B-PER", "O", "O", "B-LOC", "I-LOC"] }])
            .Add(LabelTask.Sentiment, [new LabelledText { Text = "good", Origin = "f:1", Labels = ["positive"] }]);
        var labeller = new ReplayLabeller(gold, Time);

        var entities = Assert.Single(await labeller.LabelAsync(Request("  Anna lives in New York\n"), CancellationToken.None));
        var both = await labeller.LabelAsync(Request("good") with { Tasks = [LabelTask.Sentiment, LabelTask.Entities], ControlSlice = true }, CancellationToken.None);

        Assert.Equal([new SampleSpan(2, 6, "PER"), new SampleSpan(16, 24, "LOC")], entities.Spans);
        Assert.Equal(("positive", SampleValidity.Valid, true), (Assert.Single(both[0].Labels), both[0].Validity, both[0].ControlSlice));
        Assert.Equal((SampleValidity.Abstained, "not_in_file"), (both[1].Validity, both[1].Reason));
        Assert.Equal(["LOC", "PER"], gold.LabelsOf(LabelTask.Entities));
    }

    [Fact]
    public async Task LabelAsync_SimulatedWithoutErrors_IsRight()
    {
        var gold = Gold(500);
        var labeller = new SimulatedLabeller(gold, new SimulatedErrors(), Time);
        for (var i = 0; i < 500; i++)
        {
            var sample = Assert.Single(await labeller.LabelAsync(Request(Text(i)), CancellationToken.None));
            Assert.Equal(gold.Find(LabelTask.Entities, Text(i))!.Spans, sample.Spans);
        }
    }

    [Fact]
    public async Task LabelAsync_SimulatedWithErrors_ErrsAtItsRatesAndAlwaysTheSameWay()
    {
        var gold = Gold(3_000);
        var errors = new SimulatedErrors { Miss = 0.2, WrongLabel = 0.1, Hallucination = 0.3, Abstain = 0.05, Seed = 5 };
        var (labeller, again) = (new SimulatedLabeller(gold, errors, Time), new SimulatedLabeller(gold, errors, Time));
        int texts = 0, abstained = 0, hallucinated = 0, spans = 0, right = 0, wrong = 0;
        for (var i = 0; i < 3_000; i++)
        {
            var sample = Assert.Single(await labeller.LabelAsync(Request(Text(i)), CancellationToken.None));
            Assert.Equal(sample.Spans, Assert.Single(await again.LabelAsync(Request(Text(i)), CancellationToken.None)).Spans);
            texts++;
            if (sample.Validity == SampleValidity.Abstained)
            {
                abstained++;
                continue;
            }

            hallucinated += sample.Hallucinated;
            var truth = gold.Find(LabelTask.Entities, Text(i))!.Spans;
            spans += truth.Count;
            right += sample.Spans.Count(truth.Contains);
            wrong += sample.Spans.Count(span => truth.Any(t => (t.Start, t.End) == (span.Start, span.End) && t.Label != span.Label));
        }

        Assert.InRange((double)abstained / texts, 0.03, 0.07);
        Assert.InRange((double)hallucinated / (texts - abstained), 0.26, 0.34);
        Assert.InRange((double)right / spans, 0.68, 0.76);
        Assert.InRange((double)wrong / spans, 0.05, 0.11);
    }

    [Fact]
    public async Task LabelAsync_SimulatedClassifier_MixesLabelsUp()
    {
        var gold = new GoldAnswers().Add(LabelTask.Topics, Enumerable.Range(0, 2_000).Select(i => new LabelledText { Text = $"text {i}", Origin = "f", Labels = [$"t{i % 4}"] }));
        var labeller = new SimulatedLabeller(gold, new SimulatedErrors { WrongLabel = 0.25 }, Time);
        var right = 0;
        for (var i = 0; i < 2_000; i++)
            right += Assert.Single(Assert.Single(await labeller.LabelAsync(Request($"text {i}") with { Tasks = [LabelTask.Topics] }, CancellationToken.None)).Labels) == $"t{i % 4}" ? 1 : 0;

        Assert.InRange(right / 2_000.0, 0.72, 0.78);
    }

    private static GoldAnswers Gold(int texts) => new GoldAnswers().Add(LabelTask.Entities, Enumerable.Range(0, texts).Select(i => new SpannedText
    {
        Text = Text(i), Origin = "f", Spans = [new(0, $"Anna{i}".Length, "PER"), new(Text(i).IndexOf("Bonn", StringComparison.Ordinal), Text(i).Length, i % 2 == 0 ? "LOC" : "ORG")],
    }));

    private static string Text(int i) => $"Anna{i} went to see the house in Bonn{i}";

    private static LabelRequest Request(string text) => SampleStoreConformance.Request("r", text: text);
}
