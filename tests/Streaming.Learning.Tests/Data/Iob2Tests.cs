using Streaming.Learning.Data;
using Streaming.Learning.Metrics;

namespace Streaming.Learning.Tests.Data;

public sealed class Iob2Tests
{
    private static readonly CharSpan[] Words = [new(0, 3), new(4, 8), new(8, 9), new(10, 14)];

    [Fact]
    public void FromCharacters_SpanInsideAWord_TakesTheWord() =>
        Assert.Equal([new TagSpan("X", 1, 1)], Iob2.FromCharacters([new LabelledSpan(5, 7, "X")], Words));

    [Fact]
    public void FromCharacters_TwoSpansOnOneWord_KeepsTheFirst() =>
        Assert.Equal([new TagSpan("X", 1, 1)], Iob2.FromCharacters([new LabelledSpan(4, 5, "X"), new LabelledSpan(6, 7, "Y")], Words));

    [Fact]
    public void FromCharacters_SpanOnWhiteSpace_IsLeftOut() =>
        Assert.Empty(Iob2.FromCharacters([new LabelledSpan(3, 4, "X")], Words));

    [Fact]
    public void ToCharacters_OfWordSpans_GoesThereAndBack()
    {
        TagSpan[] spans = [new("X", 0, 0), new("Y", 1, 3)];
        Assert.Equal(spans, Iob2.FromCharacters(Iob2.ToCharacters(spans, Words), Words));
        Assert.Equal(["B-X", "B-Y", "I-Y", "I-Y"], Iob2.FromSpans(spans, 4));
    }
}
