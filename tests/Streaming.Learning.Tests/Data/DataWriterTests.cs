using Streaming.Core;
using Streaming.Learning.Data;

namespace Streaming.Learning.Tests.Data;

public sealed class DataWriterTests
{
    private static readonly SpannedText Spanned = new()
    {
        Text = "# Ann [née \\Lee] met Bob-Ray in Ulm.",
        Spans = [new(2, 5, "PER"), new(21, 28, "PER"), new(32, 35, "LOC")],
        Origin = "x:1",
    };

    [Theory]
    [InlineData(DataFormat.Bracket)]
    [InlineData(DataFormat.Jsonl)]
    public void Write_Spans_ReadBackAsTheyWere(DataFormat format)
    {
        var plain = new SpannedText { Text = "nothing here", Spans = [], Categories = format == DataFormat.Jsonl ? ["food/neutral"] : null, Origin = "x:2" };
        var read = RoundTrip(format, Spanned, plain).Cast<SpannedText>().ToList();
        Assert.Equal(Spanned.Text, read[0].Text);
        Assert.Equal(Spanned.Spans, read[0].Spans);
        Assert.Equal(plain.Text, read[1].Text);
    }

    [Fact]
    public void WriteConll_SpanInsideAWord_IsWidenedAndCounted()
    {
        using var output = new StringWriter();
        var writer = new DataWriter(output, DataFormat.Conll);
        writer.Write(new SpannedText { Text = "unBritish habits", Spans = [new(2, 9, "MISC")], Origin = "x:1" });
        Assert.Equal("unBritish B-MISC\nhabits O\n\n", output.ToString());
        Assert.Equal((1, 0), (writer.SpansWidened, writer.SpansLost));
    }

    [Fact]
    public void WriteConll_TaggedSentences_ReadBackWithTheirDocuments()
    {
        using var file = new TemporaryFile("a.conll", "-DOCSTART- O\n\nAnn B-PER\nLee I-PER\nran O\n\n-DOCSTART- O\n\nUlm B-LOC\n\n");
        var first = DataReader.Read(file.Path, DataFormat.Conll).Cast<TaggedSentence>().ToList();
        var again = RoundTrip(DataFormat.Conll, [.. first]).Cast<TaggedSentence>().ToList();
        Assert.Equal(first.Select(s => string.Join(' ', s.Tags)), again.Select(s => string.Join(' ', s.Tags)));
        Assert.Equal(first.Select(s => s.Text), again.Select(s => s.Text));
        Assert.Equal([0, 1], again.Select(s => s.Document));
    }

    [Theory]
    [InlineData(DataFormat.Csv)]
    [InlineData(DataFormat.Jsonl)]
    public void Write_Labels_ReadBackAsTheyWere(DataFormat format)
    {
        var text = new LabelledText { Text = "say \"yes\", or\nno", Labels = ["a,b"], Origin = "x:1" };
        var read = Assert.IsType<LabelledText>(RoundTrip(format, text).Single());
        Assert.Equal((text.Text, "a,b"), (read.Text, read.Labels.Single()));
    }

    [Theory]
    [InlineData(DataFormat.Csv)]
    [InlineData(DataFormat.Tsv)]
    public void Write_SpansWhereOnlyLabelsFit_IsRefused(DataFormat format) =>
        Assert.Equal("data_shape_wrong", Assert.Throws<StreamingException>(() => new DataWriter(TextWriter.Null, format).Write(Spanned)).Code);

    [Theory]
    [InlineData(DataFormat.SemevalXml)]
    [InlineData(DataFormat.Clinc)]
    public void Constructor_FormatThatIsOnlyRead_IsRefused(DataFormat format) =>
        Assert.Equal("data_format_read_only", Assert.Throws<StreamingException>(() => new DataWriter(TextWriter.Null, format)).Code);

    private static List<Sample> RoundTrip(DataFormat format, params Sample[] samples)
    {
        using var output = new StringWriter();
        var writer = new DataWriter(output, format);
        foreach (var sample in samples)
            writer.Write(sample);
        using var file = new TemporaryFile("a.data", output.ToString());
        return [.. DataReader.Read(file.Path, format)];
    }
}
