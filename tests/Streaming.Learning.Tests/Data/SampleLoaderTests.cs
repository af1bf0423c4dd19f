using Streaming.Core;
using Streaming.Learning.Data;
using Streaming.Learning.Recipes;
using Streaming.Text.Heads;

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
    public void Categorized_Sentiments_AreOutcomes_DisagreementIsKnown()
    {
        using var file = new TemporaryFile("a.jsonl", """
            {"text":"one","labels":["food/positive","x/y/negative"]}
            {"text":"two","spans":[],"categories":["staff/conflict"]}
            {"text":"three","spans":[]}
            {"text":"four","labels":[]}
            {"text":"five","labels":["staff/positive","waiter/negative","food/negative"]}
            {"text":"six","labels":["staff/positive","waiter/positive"]}
            """);
        var set = new CategorySet(CategorySet.LabelsOf(["food", "service"], ["negative", "positive"]));
        var source = Source(file, DataFormat.Jsonl) with
        {
            Mapping = new Dictionary<string, string?> { ["food"] = "food", ["staff"] = "service", ["waiter"] = "service", ["x/y"] = null },
        };

        var texts = Loader(file).Categorized(source, set);

        Assert.Equal(["one", "two", "four", "five", "six"], texts.Select(t => t.Text));
        Assert.Equal<int[]>([[2, 0], [0, -1], [0, 0], [1, -1], [0, 2]], texts.Select(t => t.Outcomes.ToArray()));
        // Bits: food none, negative, positive, then service; what people disagree on may be either sentiment.
        Assert.Equal([0b001_100u, 0b110_001u, 0b001_001u, 0b110_010u, 0b100_001u], texts.Select(t => t.Allowed(set)));
    }

    [Theory]
    [InlineData("food/great")]
    [InlineData("price/positive")]
    [InlineData("food")]
    public void Categorized_LabelTheHeadDoesNotHave_IsRefused(string label)
    {
        using var file = new TemporaryFile("a.jsonl", $$"""{"text":"one","labels":["{{label}}"]}""");
        var set = new CategorySet(CategorySet.LabelsOf(["food", "service"], ["negative", "positive"]));
        Assert.Equal("data_label_unknown", Assert.Throws<StreamingException>(() => Loader(file).Categorized(Source(file, DataFormat.Jsonl), set)).Code);
    }

    [Fact]
    public void Classified_PartAndGroups_AreThoseOfTheSource()
    {
        using var file = new TemporaryFile("data.json", """{"train":[["pay it","pay"],["bake it","cake"],["book it","flight"]],"val":[["owed?","bill"]]}""");
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(file.Path)!, "groups.json"), """{"bank":["pay","bill"],"kitchen":["cake"],"travel":["flight"]}""");
        var source = Source(file, DataFormat.Clinc) with { GroupsFile = "groups.json" };

        var train = Loader(file).Classified(source, ["bank", "kitchen"]);
        var dev = Loader(file).Classified(source with { Read = new DataReadOptions { Part = "val" } }, ["bank", "kitchen"]);

        Assert.Equal([("pay it", 0), ("bake it", 1)], train.Select(t => (t.Text, t.Label)));
        Assert.Equal([("owed?", 0)], dev.Select(t => (t.Text, t.Label)));
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
