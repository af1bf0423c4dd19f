using Streaming.Core;
using Streaming.Learning.Data;
using Streaming.Learning.Metrics;
using Streaming.Testing;

namespace Streaming.Learning.Tests.Data;

public sealed class DataReaderTests
{
    [Theory]
    [InlineData("a.conll")]
    [InlineData("a.conll.gz")]
    public void ReadConll_Iob1WithDocuments_GivesIob2AndDocumentNumbers(string name)
    {
        using var file = new TemporaryFile(name, "-DOCSTART- O\n\nEU NNP I-ORG\nsays VB O\nJohn NNP I-PER\nMary NNP B-PER\n\n-DOCSTART- O\n\n# NN O\n\n");
        var sentences = DataReader.Read(file.Path, DataFormat.Conll).Cast<TaggedSentence>().ToList();
        Assert.Equal(["B-ORG", "O", "B-PER", "B-PER"], sentences[0].Tags);
        Assert.Equal("EU says John Mary", sentences[0].Text);
        Assert.Equal(new CharSpan(8, 12), sentences[0].Words[2]);
        Assert.Equal([0, 1], sentences.Select(s => s.Document));
        Assert.Equal($"{name}:3", sentences[0].Origin);
        Assert.Equal("#", sentences[1].Text);
    }

    [Fact]
    public void ReadConll_Iobes_GivesIob2()
    {
        using var file = new TemporaryFile("a.conll", "a\tS-PER\nb\tB-LOC\nc\tE-LOC\n");
        Assert.Equal(["B-PER", "B-LOC", "I-LOC"], ((TaggedSentence)DataReader.Read(file.Path, DataFormat.Conll).Single()).Tags);
    }

    [Fact]
    public void ReadConll_UniversalLayout_TakesTheOriginalTextWhereItFits()
    {
        const string Text = "# newdoc id = d\n# sent_id = 1\n# text = I'm  in Rome.\n1\tI\tO\t-\t-\n2\t'm\tO\t-\t-\n3\tin\tO\t-\t-\n4\tRome\tB-LOC\t-\tx\n5\t.\tO\t-\t-\n\n"
            + "# text = other\n1\t#\tO\t-\t-\n2\tb\tO\t-\t-\n";
        using var file = new TemporaryFile("a.iob2", Text);
        var sentences = DataReader.Read(file.Path, DataFormat.Conll).Cast<TaggedSentence>().ToList();
        Assert.Equal("I'm  in Rome.", sentences[0].Text);
        Assert.Equal(new CharSpan(8, 12), sentences[0].Words[3]);
        Assert.Equal("# b", sentences[1].Text);
    }

    [Theory]
    [InlineData("a b-PER\n", "data_malformed", ":1:")]
    [InlineData("a O\n\nb X\n", "data_malformed", ":3:")]
    [InlineData("alone\n", "data_malformed", ":1:")]
    public void ReadConll_Malformed_NamesFileAndLine(string text, string code, string place)
    {
        using var file = new TemporaryFile("bad.conll", text);
        var error = Assert.Throws<StreamingException>(() => DataReader.Read(file.Path, DataFormat.Conll).ToList());
        Assert.Equal(code, error.Code);
        Assert.Contains("bad.conll" + place, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_InvalidUtf8_IsRefused()
    {
        using var file = new TemporaryFile("a.conll", [(byte)'a', 0xFF, (byte)' ', (byte)'O', 10]);
        Assert.Equal("data_encoding", Assert.Throws<StreamingException>(() => DataReader.Read(file.Path, DataFormat.Conll).ToList()).Code);
    }

    [Fact]
    public void Read_DamagedGzip_IsRefused()
    {
        using var file = new TemporaryFile("a.conll.gz", "x O\n");
        File.WriteAllBytes(file.Path, [1, 2, 3, 4]);
        Assert.Equal("data_encoding", Assert.Throws<StreamingException>(() => DataReader.Read(file.Path, DataFormat.Conll).ToList()).Code);
    }

    [Fact]
    public void Read_MissingFile_SaysWhichAndTheWayOut()
    {
        var error = Assert.Throws<StreamingException>(() => DataReader.Read("nowhere.tsv", DataFormat.Tsv).ToList());
        Assert.Equal("data_file_missing", error.Code);
        Assert.Contains("nowhere.tsv", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadTsv_QuotesAreText_AndIndicesBecomeNames()
    {
        using var file = new TemporaryFile("a.tsv", "\"hi\" he said\t1,0\tid1\nplain\t2\tid2\n");
        var options = new DataReadOptions { LabelNames = ["joy", "anger", "neutral"] };
        var samples = DataReader.Read(file.Path, DataFormat.Tsv, options).Cast<LabelledText>().ToList();
        Assert.Equal("\"hi\" he said", samples[0].Text);
        Assert.Equal(["anger", "joy"], samples[0].Labels);
        Assert.Equal(["neutral"], samples[1].Labels);
    }

    [Fact]
    public void ReadTsv_IndexOutOfRange_IsRefused()
    {
        using var file = new TemporaryFile("a.tsv", "x\t3\n");
        var options = new DataReadOptions { LabelNames = ["a", "b"] };
        Assert.Equal("data_label_unknown", Assert.Throws<StreamingException>(() => DataReader.Read(file.Path, DataFormat.Tsv, options).ToList()).Code);
    }

    [Fact]
    public void ReadTsv_HeaderWithLabelFirst_IsRecognised()
    {
        using var file = new TemporaryFile("a.tsv", "label\ttext\npositive\tgood\n");
        var sample = (LabelledText)DataReader.Read(file.Path, DataFormat.Tsv).Single();
        Assert.Equal(("good", "positive"), (sample.Text, sample.Labels[0]));
    }

    [Fact]
    public void ReadCsv_QuotedFieldsAndNumberedColumns_AreJoined()
    {
        using var file = new TemporaryFile("a.csv", "3,\"Oil, up\",\"Line one\nline \"\"two\"\"\"\n");
        var options = new DataReadOptions { LabelColumn = "0", TextColumns = ["1", "2"], Header = false };
        var sample = (LabelledText)DataReader.Read(file.Path, DataFormat.Csv, options).Single();
        Assert.Equal("Oil, up Line one\nline \"two\"", sample.Text);
        Assert.Equal(["3"], sample.Labels);
    }

    [Fact]
    public void ReadCsv_UnknownColumn_NamesThoseThatAreThere()
    {
        using var file = new TemporaryFile("a.csv", "label,body\nx,y\n");
        var error = Assert.Throws<StreamingException>(() => DataReader.Read(file.Path, DataFormat.Csv, new DataReadOptions { TextColumns = ["text"] }).ToList());
        Assert.Equal("data_column_missing", error.Code);
        Assert.Contains("body", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadSemeval_ConflictIsDropped_EntitiesAreDecoded()
    {
        using var file = new TemporaryFile("a.xml", """
            <sentences><sentence id="1"><text>Fish &amp; chips, nice staff</text><aspectTerms>
            <aspectTerm term="staff" polarity="conflict" from="19" to="24"/><aspectTerm term="Fish &amp; chips" polarity="positive" from="0" to="12"/></aspectTerms></sentence>
            <sentence><text>none</text></sentence></sentences>
            """);
        var samples = DataReader.Read(file.Path, DataFormat.SemevalXml).Cast<SpannedText>().ToList();
        Assert.Equal("Fish & chips, nice staff", samples[0].Text);
        Assert.Equal([new LabelledSpan(0, 12, "positive")], samples[0].Spans);
        Assert.Empty(samples[1].Spans);
    }

    [Fact]
    public void ReadSemeval_Categories_AreKeptWithTheirPolarity()
    {
        using var file = new TemporaryFile("a.xml", """
            <sentences><sentence><text>Nice staff</text><aspectTerms><aspectTerm term="staff" polarity="positive" from="5" to="10"/></aspectTerms>
            <aspectCategories><aspectCategory category="service" polarity="positive"/><aspectCategory category="anecdotes/miscellaneous" polarity="conflict"/></aspectCategories></sentence>
            <sentence><text>none</text><aspectCategories/></sentence><sentence><text>not said</text></sentence></sentences>
            """);
        var samples = DataReader.Read(file.Path, DataFormat.SemevalXml).Cast<SpannedText>().ToList();
        Assert.Equal(["service/positive", "anecdotes/miscellaneous/conflict"], samples[0].Categories);
        Assert.Single(samples[0].Spans);
        Assert.Empty(samples[1].Categories!);
        Assert.Null(samples[2].Categories);
    }

    [Theory]
    [InlineData("""<sentences><sentence><text>ab</text><aspectCategory category="food" polarity="good"/></sentence></sentences>""", "data_malformed")]
    [InlineData("""<sentences><sentence><text>ab</text><aspectCategory polarity="positive"/></sentence></sentences>""", "data_malformed")]
    [InlineData("""<sentences><sentence><text>ab</text><aspectTerms><aspectTerm term="b" polarity="positive" from="0" to="1"/></aspectTerms></sentence></sentences>""", "data_offsets_wrong")]
    [InlineData("""<sentences><sentence><text>ab</text><aspectTerms><aspectTerm term="a" polarity="good" from="0" to="1"/></aspectTerms></sentence></sentences>""", "data_malformed")]
    [InlineData("""<!DOCTYPE x [<!ENTITY a "b">]><sentences/>""", "data_malformed")]
    [InlineData("<sentences><sentence>", "data_malformed")]
    public void ReadSemeval_Malformed_IsRefused(string xml, string code)
    {
        using var file = new TemporaryFile("a.xml", xml);
        Assert.Equal(code, Assert.Throws<StreamingException>(() => DataReader.Read(file.Path, DataFormat.SemevalXml).ToList()).Code);
    }

    [Fact]
    public void ReadJsonl_LabelsAndSpans_AreRead()
    {
        using var file = new TemporaryFile("a.jsonl", """
            {"headline":"Rain","short_description":"again","category":"WEATHER"}

            {"headline":"Sun","short_description":"","category":["A","B"]}
            """);
        var samples = DataReader.Read(file.Path, DataFormat.Jsonl, new DataReadOptions { TextColumns = ["headline", "short_description"] }).Cast<LabelledText>().ToList();
        Assert.Equal(["Rain again", "Sun"], samples.Select(s => s.Text));
        Assert.Equal(["A", "B"], samples[1].Labels);

        using var spans = new TemporaryFile("b.jsonl", """{"text":"In Rome","spans":[{"start":3,"end":7,"label":"LOC"}]}""");
        Assert.Equal([new LabelledSpan(3, 7, "LOC")], ((SpannedText)DataReader.Read(spans.Path, DataFormat.Jsonl).Single()).Spans);
    }

    [Theory]
    [InlineData("{\"text\":\"a\"", "data_malformed")]
    [InlineData("[1]", "data_malformed")]
    [InlineData("{\"text\":1,\"label\":\"x\"}", "data_malformed")]
    [InlineData("{\"text\":\"a\",\"label\":{}}", "data_malformed")]
    [InlineData("{\"text\":\"\\ud800\",\"label\":\"x\"}", "data_malformed")]
    [InlineData("{\"text\":\"ab\",\"spans\":[],\"categories\":[1]}", "data_malformed")]
    [InlineData("{\"text\":\"ab\",\"spans\":[{\"start\":1,\"end\":9,\"label\":\"X\"}]}", "data_offsets_wrong")]
    [InlineData("{\"text\":\"ab\",\"spans\":[{\"start\":0,\"end\":2,\"label\":\"X\"},{\"start\":1,\"end\":2,\"label\":\"X\"}]}", "data_offsets_wrong")]
    public void ReadJsonl_Malformed_IsRefused(string line, string code)
    {
        using var file = new TemporaryFile("a.jsonl", line + "\n");
        Assert.Equal(code, Assert.Throws<StreamingException>(() => DataReader.Read(file.Path, DataFormat.Jsonl).ToList()).Code);
    }

    [SharedTheory("data/ner")]
    [InlineData("uner_ewt/en_ewt-ud-train.iob2.gz", 12543, 204579, 7005)]
    [InlineData("uner_ewt/en_ewt-ud-test.iob2.gz", 2077, 25097, 1088)]
    [InlineData("btc/btc.test", 2001, 35425, 4376)]
    [InlineData("wnut17/wnut17train.conll", 3394, 62730, 1975)]
    [InlineData("wnut17/emerging.test.annotated", 1287, 23394, 1079)]
    [InlineData("wikigold/wikigold.conll.txt", 1696, 39007, 3558)]
    [InlineData("conll2003/eng.testb", 1665, 22538, 2846)]
    public void ReadConll_SharedDataSets_HaveTheirPublishedCounts(string path, int sentences, int words, int entities)
    {
        var all = DataReader.Read(SharedFolder.Require("data", "ner", path), DataFormat.Conll).Cast<TaggedSentence>().ToList();
        Assert.Equal(sentences, all.Count);
        Assert.Equal(words, all.Sum(s => s.Words.Count));
        Assert.Equal(entities, all.Sum(s => TagSpans.Read(s.Tags).Count));
    }

    [SharedFact("data/absa")]
    public void ReadSemeval_SharedDataSets_HaveTheirPublishedCounts()
    {
        var mams = DataReader.Read(SharedFolder.Require("data", "absa", "mams", "ATSA", "train.xml.gz"), DataFormat.SemevalXml).Cast<SpannedText>().ToList();
        // Eight of the 11,186 terms lie inside another term and are left out.
        Assert.Equal((4297, 11186 - 8), (mams.Count, mams.Sum(s => s.Spans.Count)));
        var restaurants = DataReader.Read(SharedFolder.Require("data", "absa", "semeval2014", "Restaurants_Test_Gold.xml"), DataFormat.SemevalXml).Cast<SpannedText>().ToList();
        Assert.Equal((353, 507 - 5), (restaurants.Count, restaurants.Sum(s => s.Spans.Count)));
        Assert.Equal(460, restaurants.Sum(s => s.Categories!.Count));
        var categories = DataReader.Read(SharedFolder.Require("data", "absa", "mams", "ACSA", "train.xml.gz"), DataFormat.SemevalXml).Cast<SpannedText>().ToList();
        Assert.Equal((3149, 7090), (categories.Count, categories.Sum(s => s.Categories!.Count)));
    }
}
