using System.Text;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Analysis;
using Streaming.Text.Heads;
using Annotations = Streaming.Core.Models.Annotations;

namespace Streaming.Text.Tests.Analysis;

public sealed class EnrichmentModelTests
{
    public static TheoryData<string, string> OddTexts()
    {
        var data = new TheoryData<string, string>
        {
            { "empty", "" },
            { "spaces", " \t\n " },
            { "zero-width", "\u200B\u200C\u200D\uFEFF\u00AD" },
            { "nul", "\0" },
            { "10,000 NULs", new string('\0', 10_000) },
            { "NULs between", "Paris\0is\0\0big" },
            { "only replacement characters", "\uFFFD\uFFFD" },
            { "combining marks", new string('\u0301', 10_000) },
            { "letter with 10,000 marks", "e" + new string('\u0301', 10_000) + " Paris" },
            { "1 MB word", new string('a', 1 << 20) },
            { "128 KB of dots and letters", string.Concat(Enumerable.Repeat("a.", 1 << 16)) },
            { "apostrophes", string.Concat(Enumerable.Repeat("n't's", 5_000)) },
            { "ZWJ emoji", string.Concat(Enumerable.Repeat("\U0001F468\u200D\U0001F469\u200D\U0001F467 ", 300)) },
            { "emoji run", string.Concat(Enumerable.Repeat("\U0001F600", 1_000)) },
            { "supplementary letters", string.Concat(Enumerable.Repeat("\U00010400\U00010401", 200)) },
            { "line breaks", new string('\n', 100_000) + "end" },
            { "bidi and tags", "\u202EParis\u202C \U000E0041\U000E0042 London" },
            { "special tokens as text", "[CLS] [MASK] Paris [SEP] [PAD]" },
            { "CJK", string.Concat(Enumerable.Repeat("\u6771\u4EAC\u90FD\U00020000", 200)) },
        };
        return data;
    }

    [Theory]
    [MemberData(nameof(OddTexts))]
    public async Task AnalyzeAsync_OddText_GivesValidAnnotations(string name, string text)
    {
        _ = name;
        await using var model = Models.FourHeads();

        var annotations = await new TextAnalyzer(model).AnalyzeAsync(text, CancellationToken.None);

        AssertValid(text, annotations);
        Assert.Equal(1, annotations.Coverage);
    }

    [Theory]
    [InlineData(62)]
    [InlineData(63)]
    [InlineData(6200)]
    public async Task AnalyzeAsync_WindowBoundaries_CoverEverything(int words)
    {
        var runner = new HashingRunner();
        await using var model = Models.FourHeads(runner);
        var text = string.Join(' ', Enumerable.Repeat("paris", words));
        var prepared = model.Prepare(text, words: null).Value!;

        Assert.Equal(words, prepared.TokenCount);
        Assert.Equal(words == 62 ? 1 : (words - 62 + 53) / 54 + 1, prepared.Windows.Count);
        Assert.Equal(words, prepared.CoveredWords);
        var annotations = await new TextAnalyzer(model).AnalyzeAsync(text, CancellationToken.None);
        AssertValid(text, annotations);
    }

    [Fact]
    public void Prepare_LimitedWindows_SaysSoByCoverage()
    {
        var model = Models.FourHeads(windows: new WindowOptions { Stride = 0, MaxWindows = 2 });

        var prepared = model.Prepare(string.Join(' ', Enumerable.Repeat("paris", 248)), words: null).Value!;

        Assert.Equal(2, prepared.Windows.Count);
        Assert.Equal(0.5, prepared.Coverage);
        Assert.Equal(124, prepared.CoveredWords);
    }

    [Theory]
    [InlineData("aHb", 1)]
    [InlineData("L", 0)]
    [InlineData("ok H", 3)]
    [InlineData("HLH", 2)]
    [InlineData("LH", 0)]
    public void Prepare_LoneSurrogate_IsAFailureThatNamesItsPlace(string pattern, int offset)
    {
        // H and L stand for the two halves: attributes are stored as UTF-8, which has no form for one alone.
        var text = pattern.Replace('H', '\uD83D').Replace('L', '\uDE00');

        var outcome = Models.FourHeads().Prepare(new TextMessage { Text = text });

        Assert.False(outcome.IsSuccess);
        Assert.Equal(ErrorCodes.LoneSurrogate, outcome.Failure.Code);
        Assert.Contains($"offset {offset}", outcome.Failure.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnalyzeAsync_WhateverNeighbours_GivesTheSame()
    {
        await using var model = Models.FourHeads();
        var texts = RandomTexts(60).Append("").Append(string.Join(' ', Enumerable.Repeat("London is not Paris .", 60))).ToList();
        var alone = new List<Annotations>();
        foreach (var text in texts)
            alone.Add(await new TextAnalyzer(model, new BatchingOptions { MaxBatchTokens = 64, MaxBatchSize = 1 }).AnalyzeAsync(text, CancellationToken.None));
        var shuffled = texts.Select((text, index) => (text, index)).OrderBy(pair => pair.index * 7919 % 61).ToList();

        var together = await new BatchAnalyzer(model, new BatchingOptions { MaxBatchTokens = 4096 }).AnalyzeAsync([.. shuffled.Select(pair => pair.text)], null, CancellationToken.None);

        for (var i = 0; i < shuffled.Count; i++)
            AssertSame(alone[shuffled[i].index], together.Results[i].Value!);
    }

    [Fact]
    public async Task Accept_WindowsInAnyOrder_GiveTheSame()
    {
        await using var model = Models.FourHeads();
        var text = string.Join(' ', RandomTexts(30));
        var forwards = await Run(text, reversed: false);
        var backwards = await Run(text, reversed: true);

        AssertSame(forwards, backwards);

        async Task<Annotations> Run(string input, bool reversed)
        {
            PreparedDocument document = model.Prepare(input, words: null).Value!;
            Assert.True(document.Windows.Count > 3);
            for (var i = 0; i < document.Windows.Count; i++)
            {
                var window = reversed ? document.Windows.Count - 1 - i : i;
                using var output = await model.Runner.RunAsync([document.Windows[window]], CancellationToken.None);
                model.Accept(document, window, output, 0);
            }

            return model.Complete(document);
        }
    }

    [Fact]
    public async Task AnalyzeAsync_ManyWindows_FindsWhatOneWindowFinds()
    {
        // The encoder of these tests sees no context, so windows must make no difference at all to words.
        var text = string.Join(' ', RandomTexts(80));
        await using var cut = Models.FourHeads(new HashingRunner(maxLength: 24));
        await using var whole = Models.FourHeads(new HashingRunner(maxLength: 8192), new WindowOptions { MaxLength = 8192 });

        var expected = await new TextAnalyzer(whole).AnalyzeAsync(text, CancellationToken.None);
        var actual = await new TextAnalyzer(cut, new BatchingOptions { MaxBatchTokens = 64 }).AnalyzeAsync(text, CancellationToken.None);

        Assert.NotEmpty(expected.Entities);
        Assert.Equal(expected.Entities, actual.Entities);
        Assert.Equal(expected.Aspects, actual.Aspects);
        Assert.Equal(expected.Sentiment!.Confidence, actual.Sentiment!.Confidence, 1e-5);
    }

    [Fact]
    public async Task Accept_InOrder_GivesLogitsBackAsSentencesEnd()
    {
        await using var model = Models.FourHeads();
        using var document = model.Prepare(string.Join(' ', Enumerable.Repeat("Paris is far .", 200)), words: null).Value!;
        for (var window = 0; window < document.Windows.Count; window++)
        {
            using var output = await model.Runner.RunAsync([document.Windows[window]], CancellationToken.None);
            model.Accept(document, window, output, 0);
            Assert.InRange(document.State!.Released, window - 1, window + 1);
        }

        Assert.Equal(800, document.State!.Decoded);
    }

    [Fact]
    public async Task Accept_Repeated_ChangesNothing()
    {
        await using var model = Models.FourHeads();
        var text = string.Join(' ', RandomTexts(10));
        var expected = await new TextAnalyzer(model).AnalyzeAsync(text, CancellationToken.None);
        var document = model.Prepare(text, words: null).Value!;
        for (var window = 0; window < document.Windows.Count; window++)
        {
            using var output = await model.Runner.RunAsync([document.Windows[window]], CancellationToken.None);
            for (var again = 0; again <= window; again++)
                model.Accept(document, window, output, 0);
        }

        AssertSame(expected, model.Complete(document));
        Assert.Throws<InvalidOperationException>(() => model.Complete(document));
    }

    [Fact]
    public async Task Complete_KnownHeads_FindsEntityTopicAndSentiment()
    {
        // Heads that read one dimension each: a word whose hidden value 0 is the largest seen is an entity.
        var runner = new HashingRunner(dimensions: 2);
        var paris = Encode("paris");
        var weight = new float[3 * 2];
        var sign = Math.Sign(HashingRunner.Value(paris, 2, 0));
        weight[2] = 40 * sign;
        var bias = new float[] { 0, -40 * sign * HashingRunner.Value(paris, 2, 0) + 3, -50 };
        var head = new Streaming.Text.Heads.Head(Models.Manifest("ner", HeadTask.Ner, HeadKind.Softmax, HeadUnit.Token, ["O", "B-LOC", "I-LOC"], [2], false), runner.Info, weight, bias);
        await using var model = new EnrichmentModel(new ModelIdentity("t", "1", new Dictionary<string, string>()), Models.Tokenizer, runner, [head]);

        var annotations = await new TextAnalyzer(model).AnalyzeAsync("(Paris)", CancellationToken.None);

        var entity = Assert.Single(annotations.Entities, candidate => candidate.Text == "Paris");
        Assert.Equal(("LOC", 1, 6), (entity.Type, entity.Start, entity.End));
        Assert.InRange(entity.Confidence, 0.85, 0.9);
        Assert.Empty(annotations.Topics);
        Assert.Null(annotations.Sentiment);

        static int Encode(string word)
        {
            using var buffer = new Streaming.Text.Tokenization.TokenBuffer();
            Models.Tokenizer.Encode(word, buffer);
            return buffer.Ids[0];
        }
    }

    [Fact]
    public void Constructor_TwoHeadsForOneTask_IsRefused()
    {
        var runner = new HashingRunner();
        var head = Models.Drawn("a", HeadTask.Topic, HeadKind.Softmax, ["x", "y"], [1], false, runner.Info, 1);

        var error = Assert.Throws<StreamingException>(() =>
            new EnrichmentModel(new ModelIdentity("t", "1", new Dictionary<string, string>()), Models.Tokenizer, runner, [head, head]));

        Assert.Equal("head_invalid", error.Code);
    }

    [Fact]
    public async Task AnalyzeAsync_CategoriesOfALongText_AreThoseOfItsMeanVector()
    {
        await using var runner = new HashingRunner();
        string[] labels = [.. CategorySet.LabelsOf(["food", "service", "a/b"], ["negative", "positive"])];
        var head = Models.Drawn("categories", HeadTask.AspectCategory, HeadKind.Softmax, labels, [1, 2], wordShape: false, runner.Info, 6);
        var other = Models.Drawn("topic", HeadTask.Topic, HeadKind.Softmax, ["a", "b"], [2], wordShape: false, runner.Info, 7);
        var windows = new WindowOptions { Stride = 8 };
        await using var model = new EnrichmentModel(
            new ModelIdentity("t", "1", new Dictionary<string, string>()), Models.Tokenizer, runner, [other, head],
            new EnrichmentModelOptions { Windows = windows, MeasureUncertainty = true });
        List<string> texts = [.. RandomTexts(20), string.Join(' ', RandomTexts(30))];
        var scores = new CategoryScore[texts.Count][];
        await new FeatureExtractor(Models.Tokenizer, runner, head.Layout, windows).ExtractAsync(
            texts.ConvertAll(text => new FeatureText(text, [])),
            (text, _, features) =>
            {
                var logits = new float[head.Labels];
                head.Project(features, logits);
                scores[text] = head.Categorize(logits);
            },
            null, CancellationToken.None);

        for (var i = 0; i < texts.Count; i++)
        {
            var found = await new TextAnalyzer(model).AnalyzeAsync(texts[i], CancellationToken.None);
            var expected = scores[i].Where(score => score.Found).OrderByDescending(score => score.Confidence).ToList();
            Assert.Equal(
                expected.Select(score => (head.Categories!.Categories[score.Category], head.Categories.Sentiments[score.Sentiment])),
                found.AspectCategories!.Select(category => (category.Category, category.Sentiment)));
            for (var k = 0; k < expected.Count; k++)
                Assert.Equal(expected[k].Confidence, found.AspectCategories![k].Confidence, 1e-4);
            // There is no labelling of categories, so nobody is asked about them.
            Assert.Equal([Streaming.Contracts.LabelTask.Topics], found.Uncertainty.Select(task => task.Task));
        }

        Assert.Contains(scores, text => text.Any(score => score.Found));
        Assert.Contains(scores, text => text.Any(score => !score.Found));
    }

    internal static List<string> RandomTexts(int count)
    {
        var random = new Random(11);
        string[] words = ["Paris", "london", "caf\u00E9", "cafe\u0301", "it's", "U.S.", "\U0001F600", "unbelievableness", ".", "!", "\u6771\u4EAC", "$3.50", "@user", "#tag", "don't"];
        var texts = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var text = new StringBuilder();
            for (var word = random.Next(1, 30); word > 0; word--)
                text.Append(words[random.Next(words.Length)]).Append(random.Next(6) == 0 ? "" : " ");
            texts.Add(text.ToString());
        }

        return texts;
    }

    private static void AssertSame(Annotations expected, Annotations actual)
    {
        Assert.Equal(expected.Entities, actual.Entities);
        Assert.Equal(expected.Aspects, actual.Aspects);
        Assert.Equal(expected.Topics, actual.Topics);
        Assert.Equal(expected.Sentiment?.Scores, actual.Sentiment?.Scores);
        Assert.Equal(expected.Coverage, actual.Coverage);
    }

    private static void AssertValid(string text, Annotations annotations)
    {
        var at = 0;
        foreach (var entity in annotations.Entities)
        {
            Assert.True(entity.Start >= at && entity.End > entity.Start && entity.End <= text.Length);
            Assert.Equal(text[entity.Start..entity.End], entity.Text);
            Assert.False(char.IsLowSurrogate(text[entity.Start]));
            Assert.False(char.IsHighSurrogate(text[entity.End - 1]));
            Assert.InRange(entity.Confidence, 0, 1);
            at = entity.End;
        }

        foreach (var aspect in annotations.Aspects)
        {
            Assert.Equal(text[aspect.Start..aspect.End], aspect.Term);
            Assert.InRange(aspect.Confidence, 0, 1);
        }

        if (annotations.Sentiment is { } sentiment)
        {
            Assert.Equal(1, sentiment.Scores.Sum(score => score.Confidence), 1e-9);
            Assert.Equal(sentiment.Scores.Max(score => score.Confidence), sentiment.Confidence);
        }

        Assert.Equal(annotations.Topics.OrderByDescending(topic => topic.Confidence), annotations.Topics);
    }
}
