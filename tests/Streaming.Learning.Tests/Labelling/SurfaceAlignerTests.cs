using Streaming.Learning.Labelling;

namespace Streaming.Learning.Tests.Labelling;

public sealed class SurfaceAlignerTests
{
    [Theory]
    [InlineData("Obama met Merkel.", "PER:Obama|PER:Merkel", "PER:Obama@0 PER:Merkel@10")]
    [InlineData("Paris, Paris and paris", "LOC:Paris", "LOC:Paris@0 LOC:Paris@7")]
    [InlineData("the BBC said", "ORG:bbc", "ORG:BBC@4")]
    [InlineData("New York Times of New York", "ORG:New York Times|LOC:New York", "ORG:New York Times@0 LOC:New York@18")]
    [InlineData("University of Bonn", "ORG:University of Bonn|LOC:Bonn", "ORG:University of Bonn@0 LOC:Bonn@14")]
    [InlineData("He sang in Singapore", "LOC:Sing", "")]
    [InlineData("O\u2019Brien  and \u201CBob\u201D", "PER:O'Brien and", "PER:O\u2019Brien  and@0")]
    [InlineData("zero\u200Bwidth here", "X:zerowidth", "X:zero\u200Bwidth@0")]
    [InlineData("Angela Merkle spoke", "PER:Angela Merkel", "PER:Angela Merkle@0")]
    [InlineData("Mark and Mars", "PER:Marx", "")]
    [InlineData("New York City", "LOC:New York|ORG:York City", "LOC:New York@0")]
    [InlineData("Apple", "ORG:Apple|LOC:Apple", "ORG:Apple@0")]
    [InlineData("東京都に住む", "LOC:東京", "LOC:東京@0")]
    [InlineData("I \U0001F600 you", "X:\U0001F600", "X:\U0001F600@2")]
    [InlineData("", "PER:Obama", "")]
    public void Align_Mentions_StandWhereTheyOccur(string text, string mentions, string expected)
    {
        var aligned = SurfaceAligner.Align(text, Parse(mentions));

        Assert.Equal(expected, string.Join(' ', aligned.Spans.Select(span => $"{span.Label}:{text[span.Start..span.End]}@{span.Start}")));
    }

    [Fact]
    public void Align_WhatIsNotInTheText_IsCountedByKind()
    {
        var aligned = SurfaceAligner.Align("Left and right ventricle of Anna", Parse("X:left ventricle|X:Madrid|X:|PER:Anna|X:right ... Anna"));

        Assert.Equal((5, 2, 2), (aligned.Mentions, aligned.Hallucinated, aligned.Discontinuous));
        Assert.Equal("PER", Assert.Single(aligned.Spans).Label);
    }

    [Fact]
    public void Align_DrawnTexts_NeverLeavesTheTextNorCrosses()
    {
        var random = new SeededRandom(7);
        string[] parts = ["New", "York", "new", "\u2019s", " ", "  ", "-", "\u200B", "\U0001F600", "Anna", "Bonn", "bo", "(", "\u6771", "\n", "e\u0301"];
        for (var round = 0; round < 2_000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(20)).Select(_ => parts[random.Next(parts.Length)]));
            var mentions = Enumerable.Range(0, random.Next(6)).Select(i => ($"L{i % 3}", string.Concat(Enumerable.Range(0, 1 + random.Next(4)).Select(_ => parts[random.Next(parts.Length)])))).ToList();

            var aligned = SurfaceAligner.Align(text, mentions);

            Assert.Equal(mentions.Count, aligned.Mentions);
            Assert.InRange(aligned.Hallucinated + aligned.Discontinuous, 0, mentions.Count);
            foreach (var span in aligned.Spans)
            {
                Assert.InRange(span.Start, 0, span.End - 1);
                Assert.InRange(span.End, 1, text.Length);
                Assert.False(char.IsLowSurrogate(text[span.Start]), text);
                Assert.DoesNotContain(aligned.Spans, other => other.Start < span.Start && other.End > span.Start && other.End < span.End);
            }
        }
    }

    private static List<(string, string)> Parse(string mentions) => [.. mentions.Split('|').Select(mention => mention.Split(':', 2)).Select(parts => (parts[0], parts[1]))];
}
