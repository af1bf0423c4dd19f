using Streaming.Learning.Data;
using Streaming.Learning.Data.Inspection;

namespace Streaming.Learning.Tests.Data.Inspection;

public sealed class DataLintTests
{
    private static readonly Dictionary<string, IReadOnlyList<Sample>> Alone = [];

    [Fact]
    public void Check_CleanData_FindsNothing() =>
        Assert.Empty(DataLint.Check([.. Enumerable.Range(0, 20).Select(i => Text($"text {i}", i % 2 == 0 ? "a" : "b"))], Alone));

    [Fact]
    public void Check_NoSample_IsAnError() => Assert.Equal("no_samples", DataLint.Check([], Alone).Single().Code);

    [Fact]
    public void Check_TextInBothParts_IsFoundWhateverItsCaseAndSpaces()
    {
        var findings = DataLint.Check([Text("Hello  World", "a")], new Dictionary<string, IReadOnlyList<Sample>> { ["test"] = [Text("hello world", "a")] });
        Assert.True(Assert.Single(findings, f => f.Code == "overlap").IsError);
    }

    [Fact]
    public void Check_RepeatsWithOtherLabels_AreErrors_WithTheSameAreNotes()
    {
        var findings = DataLint.Check([Text("x", "a"), Text("X", "b"), Text("y", "a"), Text("y", "a")], Alone);
        Assert.True(Assert.Single(findings, f => f.Code == "text_contradictory").IsError);
        Assert.False(Assert.Single(findings, f => f.Code == "text_repeated").IsError);
    }

    [Fact]
    public void Check_BrokenSpans_AreNamed()
    {
        var findings = DataLint.Check([Spans("in New York now", (3, 12, "LOC"), (12, 14, "LOC"))], Alone);
        Assert.Equal(1, Assert.Single(findings, f => f.Code == "span_white_space").Count);
        Assert.Equal(1, Assert.Single(findings, f => f.Code == "span_cuts_word").Count);
    }

    [Fact]
    public void Check_NoSpanAtAll_IsAnError() => Assert.Contains(DataLint.Check([Spans("a"), Spans("b")], Alone), f => f.Code == "spans_missing" && f.IsError);

    [Fact]
    public void Check_EmptyText_IsAnError() => Assert.Contains(DataLint.Check([Text(" ", "a"), Text("b", "a")], Alone), f => f.Code == "text_empty" && f.IsError);

    [Fact]
    public void Check_LabelOnlyInTheOtherPart_IsAnError() => Assert.Contains(
        DataLint.Check([Text("x", "a")], new Dictionary<string, IReadOnlyList<Sample>> { ["test"] = [Text("y", "b")] }), f => f.Code == "label_only_there" && f.IsError);

    [Fact]
    public void Check_ImbalanceAndRareLabels_AreNotes()
    {
        var findings = DataLint.Check([.. Enumerable.Range(0, 100).Select(i => Text($"t{i}", "a")), Text("z", "b")], Alone);
        Assert.Contains(findings, f => f is { Code: "label_imbalance", IsError: false });
        Assert.Contains(findings, f => f is { Code: "label_rare", IsError: false });
    }

    [Fact]
    public void Check_OddLabelOfAFrequentSurface_IsANote()
    {
        var samples = Enumerable.Range(0, 40).Select(i => (Sample)Spans($"Paris {i}", (0, 5, i == 7 ? "PER" : "LOC"))).ToList();
        Assert.Contains(DataLint.Check(samples, Alone), f => f.Code == "label_slips" && f.Places[0].Contains("Paris", StringComparison.Ordinal));
    }

    private static LabelledText Text(string text, string label) => new() { Text = text, Labels = [label], Origin = "f:1" };

    private static SpannedText Spans(string text, params (int Start, int End, string Label)[] spans) =>
        new() { Text = text, Spans = [.. spans.Select(s => new LabelledSpan(s.Start, s.End, s.Label))], Origin = "f:1" };
}
