using Streaming.Core;
using Streaming.Learning.Data;

namespace Streaming.Learning.Tests.Data;

public sealed class LabelGroupsTests
{
    [Fact]
    public void Read_GroupTheHeadDoesNotKnow_IsLeftOut()
    {
        using var file = new TemporaryFile("groups.json", """{"positive":["joy","love"],"ambiguous":["surprise"]}""");
        var mapping = LabelGroups.Read(file.Path, ["positive", "negative"]);
        Assert.Equal("positive", mapping["love"]);
        Assert.Null(mapping["surprise"]);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{\"a\":[1]}")]
    [InlineData("{\"a\":[null]}")]
    [InlineData("{\"a\":[\"x\"],\"b\":[\"x\"]}")]
    [InlineData("{")]
    public void Read_Malformed_IsRefused(string json)
    {
        using var file = new TemporaryFile("groups.json", json);
        Assert.Equal("data_malformed", Assert.Throws<StreamingException>(() => LabelGroups.Read(file.Path, ["a"])).Code);
    }
}
