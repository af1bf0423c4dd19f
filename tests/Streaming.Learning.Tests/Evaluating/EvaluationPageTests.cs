using Streaming.Learning.Data;
using Streaming.Learning.Evaluating;
using Streaming.Learning.Metrics;

namespace Streaming.Learning.Tests.Evaluating;

public sealed class EvaluationPageTests
{
    [Fact]
    public void Write_HostileTextsAndNames_AreShownAsText()
    {
        const string Attack = "<script>alert(1)</script> \"'>&";
        var html = Page(Attack, [new(0, 8, Attack)], [new(9, 20, "PER")]);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;", html, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_Spans_MarksRightWrongAndMissed()
    {
        var html = Page("Ann met Bob in Ulm", [new(0, 3, "PER"), new(8, 11, "PER"), new(15, 18, "LOC")], [new(0, 3, "PER"), new(15, 18, "ORG")]);
        Assert.Contains("<mark>Ann<sub> PER</sub></mark>", html, StringComparison.Ordinal);
        Assert.Contains("<mark class=\"missed\">Bob<sub> PER</sub></mark>", html, StringComparison.Ordinal);
        Assert.Contains("<mark class=\"wrong\">Ulm<sub> ORG</sub></mark><sub> (is Ulm: LOC)</sub>", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_WholeTexts_NamesBothLabels() =>
        Assert.Contains("is sports, predicted world (0.90)", Page("a goal", [new(0, 6, "sports")], [new(0, 6, "world")]), StringComparison.Ordinal);

    private static string Page(string text, IReadOnlyList<LabelledSpan> gold, IReadOnlyList<LabelledSpan> predicted)
    {
        using var output = new StringWriter();
        EvaluationPage.Write(output, new EvaluationReport
        {
            Bundle = "b@1",
            Task = "ner",
            Data = text,
            Samples = 1,
            MicroF1 = 0.5,
            MacroF1 = 0.5,
            Accuracy = 0.5,
            MicroF1Low = 0,
            MicroF1High = 1,
            Ece = 0.1,
            Brier = 0.2,
            PerType = new Dictionary<string, PrecisionRecall> { [text] = new(0.5, 0.5, 0.5, 2) },
            Details = new EvaluationDetails
            {
                Samples = [new SampleCounts(1, 2, 3)],
                Calibration = CalibrationReport.Of([0.9, 0.3], [true, false]),
                ConfusionLabels = [text, "none"],
                Confusion = [[1, 2], [3, 0]],
                Errors = [new EvaluationError(text, gold, predicted, 0.9)],
            },
        });
        return output.ToString();
    }
}
