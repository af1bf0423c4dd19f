using Streaming.Text.Words;

namespace Streaming.Text.Tests.Words;

public sealed class WordShapeTests
{
    [Fact]
    public void Write_TitleAndLower_Differ()
    {
        var title = new float[WordShape.Dimensions];
        var lower = new float[WordShape.Dimensions];

        WordShape.Write("Paris", sentenceInitial: false, title);
        WordShape.Write("paris", sentenceInitial: false, lower);

        Assert.NotEqual(lower, title);
        Assert.All(title, value => Assert.True(value is 0 or 1));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("\uD83D\uDE00")]
    [InlineData("x")]
    public void Write_OddWords_OverwritesOldValues(string word)
    {
        var features = new float[WordShape.Dimensions];
        Array.Fill(features, 7);

        WordShape.Write(word, sentenceInitial: true, features);

        Assert.DoesNotContain(7f, features);
    }
}
