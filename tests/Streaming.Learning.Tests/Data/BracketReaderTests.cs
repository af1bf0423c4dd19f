using Streaming.Core;
using Streaming.Learning.Data;

namespace Streaming.Learning.Tests.Data;

public sealed class BracketReaderTests
{
    [Fact]
    public void Read_SpansAndEscapes_GiveTextAndOffsets()
    {
        using var file = new TemporaryFile("a.bracket", "# a remark\n\n[Barack Obama](PER) was born in [Hawai\\](i\\)](LOC) \\[sic\\] (1961).\nno span\n");
        var samples = DataReader.Read(file.Path, DataFormat.Bracket).Cast<SpannedText>().ToList();
        Assert.Equal("Barack Obama was born in Hawai](i) [sic] (1961).", samples[0].Text);
        Assert.Equal([new LabelledSpan(0, 12, "PER"), new LabelledSpan(25, 34, "LOC")], samples[0].Spans);
        Assert.Equal("a.bracket:3", samples[0].Origin);
        Assert.Empty(samples[1].Spans);
    }

    [Theory]
    [InlineData("a [b c")]
    [InlineData("a [b](")]
    [InlineData("a [b]")]
    [InlineData("a [b]()")]
    [InlineData("a [b](x y)")]
    [InlineData("a [](PER)")]
    [InlineData("a ] b")]
    [InlineData("[a [b](X)](Y)")]
    public void Read_BrokenBrackets_AreRefusedWithTheirLine(string line)
    {
        using var file = new TemporaryFile("a.bracket", "fine\n" + line + "\n");
        var error = Assert.Throws<StreamingException>(() => DataReader.Read(file.Path, DataFormat.Bracket).ToList());
        Assert.Equal("data_malformed", error.Code);
        Assert.StartsWith("a.bracket:2: ", error.Message, StringComparison.Ordinal);
    }
}
