using Streaming.Core;
using Streaming.Learning.Data;
using Streaming.Learning.Recipes;

namespace Streaming.Learning.Tests.Data;

public sealed class SampleLoaderTests
{
    [Fact]
    public void Classified_LabelsOfOneClassAndIgnoredOnes_AreKept_SeveralClassesAreNot()
    {
        using var file = new TemporaryFile("a.jsonl", """
            {"text":"one","label":["joy","love"]}
            {"text":"two","label":["joy","anger"]}
            {"text":"three","label":["joy","surprise"]}
            {"text":"four","label":["surprise"]}
            """);
        var source = Source(file, DataFormat.Jsonl) with
        {
            Mapping = new Dictionary<string, string?> { ["joy"] = "positive", ["love"] = "positive", ["anger"] = "negative", ["surprise"] = null },
        };
        var samples = Loader(file).Classified(source, ["negative", "positive"]);
        Assert.Equal(["one", "three"], samples.Select(s => s.Text));
        Assert.All(samples, s => Assert.Equal(1, s.Label));
    }

    [Fact]
    public void Classified_LabelMissingFromTheMapping_IsRefused()
    {
        using var file = new TemporaryFile("a.jsonl", """{"text":"one","label":"fear"}""");
        var source = Source(file, DataFormat.Jsonl) with { Mapping = new Dictionary<string, string?> { ["joy"] = "positive" } };
        var error = Assert.Throws<StreamingException>(() => Loader(file).Classified(source, ["positive"]));
        Assert.Equal("data_label_unknown", error.Code);
        Assert.Contains("a.jsonl:1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Classified_Folds_CoverEachTextOnceAndRepeatsTogether()
    {
        var lines = Enumerable.Range(0, 200).Select(i => $$"""{"text":"text {{i % 150}}","label":"x"}""");
        using var file = new TemporaryFile("a.jsonl", string.Join('\n', lines));
        var folds = Enumerable.Range(0, 4)
            .Select(f => Loader(file).Classified(Source(file, DataFormat.Jsonl) with { Folds = 4, Keep = [f] }, ["x", "y"]).Select(s => s.Text).ToList()).ToList();
        Assert.Equal(200, folds.Sum(f => f.Count));
        Assert.Equal(150, folds.Sum(f => f.Distinct().Count()));
        Assert.All(folds, f => Assert.InRange(f.Count, 25, 75));
    }

    [Fact]
    public void Tagged_FoldsOfDocuments_KeepDocumentsWhole()
    {
        using var file = new TemporaryFile("a.conll", string.Concat(Enumerable.Range(0, 6).Select(d => $"-DOCSTART- O\n\nd{d} O\n\nd{d} O\n\n")));
        var kept = Loader(file).Tagged(Source(file, DataFormat.Conll) with { Folds = 5, Keep = [0] }, ["X"]);
        Assert.Equal(["d0", "d0", "d5", "d5"], kept.Select(s => s.Text));
    }

    [Fact]
    public void Tagged_CharacterSpans_AreWidenedToWordsAndKeptAsTheyAre()
    {
        using var file = new TemporaryFile("a.jsonl", """{"text":"The hot-dogs rock","spans":[{"start":4,"end":7,"label":"positive"}]}""");
        var text = Loader(file).Tagged(Source(file, DataFormat.Jsonl), ["positive"]).Single();
        Assert.Equal("hot-dogs", text.Text[text.Words[text.Spans[0].First].Start..text.Words[text.Spans[0].Last].End]);
        Assert.Equal([new LabelledSpan(4, 7, "positive")], text.Characters);
    }

    [Fact]
    public void Tagged_LabelsForWholeTexts_AreRefused()
    {
        using var file = new TemporaryFile("a.tsv", "text\tlabel\nx\ty\n");
        Assert.Equal("data_shape_wrong", Assert.Throws<StreamingException>(() => Loader(file).Tagged(Source(file, DataFormat.Tsv), ["X"])).Code);
    }

    [Fact]
    public void New_NoFolder_NamesTheWayOut()
    {
        var error = Assert.Throws<StreamingException>(() => new SampleLoader("no-such-folder"));
        Assert.Equal("data_root_missing", error.Code);
        Assert.Contains("STREAMING_SHARED", error.Message, StringComparison.Ordinal);
    }

    private static SampleLoader Loader(TemporaryFile file) => new(Path.GetDirectoryName(file.Path)!);

    private static DataSource Source(TemporaryFile file, DataFormat format) =>
        new() { Name = "s", File = Path.GetFileName(file.Path), Format = format, Licence = "MIT" };
}
