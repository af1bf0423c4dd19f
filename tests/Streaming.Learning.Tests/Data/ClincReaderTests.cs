using Streaming.Core;
using Streaming.Learning.Data;

namespace Streaming.Learning.Tests.Data;

public sealed class ClincReaderTests
{
    private const string Json = """{"train": [["pay my bill", "pay_bill"], ["hi", "greeting"]], "oos_test": [["why", "oos"]]}""";

    [Fact]
    public void Read_Part_GivesItsTexts()
    {
        using var file = new TemporaryFile("clinc.json", Json);
        Assert.Equal(["pay_bill", "greeting"], Texts(file, null).Select(t => t.Labels.Single()));
        Assert.Equal("why", Texts(file, "oos_test").Single().Text);
    }

    [Fact]
    public void Read_UnknownPart_NamesThoseThatAreThere()
    {
        using var file = new TemporaryFile("clinc.json", Json);
        var error = Assert.Throws<StreamingException>(() => Texts(file, "dev"));
        Assert.Equal("data_part_missing", error.Code);
        Assert.Contains("train, oos_test", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{\"train\": [[\"a\"]]}")]
    [InlineData("{\"train\": [[\"a\", 1]]}")]
    [InlineData("{\"train\": [[\"a\", ")]
    public void Read_OtherShapes_AreRefused(string json)
    {
        using var file = new TemporaryFile("clinc.json", json);
        Assert.Equal("data_malformed", Assert.Throws<StreamingException>(() => Texts(file, null)).Code);
    }

    private static List<LabelledText> Texts(TemporaryFile file, string? part) =>
        [.. DataReader.Read(file.Path, DataFormat.Clinc, new DataReadOptions { Part = part }).Cast<LabelledText>()];
}
