using Streaming.Text.Analysis;

namespace Streaming.Text.Tests.Analysis;

public sealed class SpanWidenerTests
{
    [Theory]
    [InlineData("cafe\u0301s", 0, 4, 0, 5)]
    [InlineData("cafe\u0301s", 4, 6, 3, 6)]
    [InlineData("x\U0001F600y", 2, 4, 1, 4)]
    [InlineData("x\U0001F600y", 0, 2, 0, 3)]
    [InlineData("\U0001F468\u200D\U0001F469!", 0, 2, 0, 5)]
    [InlineData("\U0001F468\u200D\U0001F469!", 3, 5, 0, 5)]
    [InlineData("\U0001F44D\U0001F3FD.", 0, 2, 0, 4)]
    [InlineData("plain", 1, 3, 1, 3)]
    [InlineData("plain", 0, 5, 0, 5)]
    public void Widen_Span_EndsWhereCharactersEnd(string text, int start, int end, int expectedStart, int expectedEnd) =>
        Assert.Equal((expectedStart, expectedEnd), SpanWidener.Widen(text, start, end));
}
