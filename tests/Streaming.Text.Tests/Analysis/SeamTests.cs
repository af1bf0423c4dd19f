using Streaming.Contracts;
using Streaming.Core.Engine;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Analysis;
using Streaming.Text.Words;

namespace Streaming.Text.Tests.Analysis;

/// <summary>
/// A text cut into windows is labelled as in a single pass: a word's state comes from the window that shows the most around
/// it, at least half the stride on either side, and tags are decoded over the whole text, whatever the windows were.
/// </summary>
public sealed class SeamTests
{
    private const int Window = 32, Stride = 14, Reach = 5;

    private static readonly string[] Words = ["paris", "is", "a", "city", "london", "john", "smith", "went", "to", "the", "new", "york", "times", "building", "yesterday"];

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(29)]
    [InlineData(30)]
    [InlineData(31)]
    [InlineData(47)]
    [InlineData(200)]
    [InlineData(3000)]
    public async Task AnalyzeAsync_ContextWithinHalfTheStride_EqualsASinglePass(int words)
    {
        var text = Draw(words, seed: words);

        var (whole, cut) = await BothAsync(text, Reach);

        Assert.Equal(whole.Entities, cut.Entities);
        Assert.Equal(whole.Aspects, cut.Aspects);
    }

    [Fact]
    public async Task AnalyzeAsync_EntityAtEveryDistanceFromASeam_IsFoundWholeAsInASinglePass()
    {
        // The same words move over the seams one by one; somewhere every entity lies on one.
        var passage = Draw(150, seed: 4);
        var lengths = new HashSet<int>();
        for (var shift = 0; shift <= Window; shift++)
        {
            var text = string.Concat(Enumerable.Repeat("the ", shift)) + passage;

            var (whole, cut) = await BothAsync(text, Reach);

            Assert.Equal(whole.Entities, cut.Entities);
            lengths.UnionWith(cut.Entities.Select(static entity => entity.Text.Count(static letter => letter == ' ') + 1));
        }

        Assert.True(lengths.Max() >= 3, "no entity of several words was there to be cut");
    }

    [Fact]
    public async Task AnalyzeAsync_ContextBeyondTheStride_DiffersOnlyNearSeams()
    {
        // The other way round: where a seam hides context, states do differ, so the tests above can fail.
        var text = Draw(600, seed: 9);

        var (whole, cut) = await BothAsync(text, reach: 25);

        Assert.NotEqual(whole.Entities, cut.Entities);
    }

    [Fact]
    public async Task AnalyzeAsync_TextThatFits_IsOneWindow()
    {
        await using var model = Model(new LocalContextRunner(Reach, Window), new WindowOptions { MaxLength = Window, Stride = Stride });
        using var prepared = model.Prepare(Draw(Window - 2, seed: 1), words: null).Value!;

        Assert.Single(prepared.Windows);
    }

    private static async Task<(Annotations Whole, Annotations Cut)> BothAsync(string text, int reach)
    {
        await using var single = Model(new LocalContextRunner(reach, 8192), new WindowOptions { MaxLength = 8192 });
        await using var windowed = Model(new LocalContextRunner(reach, Window), new WindowOptions { MaxLength = Window, Stride = Stride });
        return (await new TextAnalyzer(single).AnalyzeAsync(text, default), await new TextAnalyzer(windowed, new BatchingOptions { MaxBatchTokens = 128 }).AnalyzeAsync(text, default));
    }

    private static EnrichmentModel Model(IModelRunner runner, WindowOptions windows) => new(
        new ModelIdentity("test", "1", new Dictionary<string, string>()), Models.Tokenizer, runner,
        [
            Models.Drawn("ner", HeadTask.Ner, HeadKind.Crf, ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"], [1, 2], wordShape: true, runner.Info, 1),
            Models.Drawn("absa", HeadTask.Absa, HeadKind.Softmax, ["O", "B-positive", "I-positive", "B-negative", "I-negative"], [1, 2], wordShape: true, runner.Info, 2),
        ],
        new EnrichmentModelOptions { Windows = windows });

    private static string Draw(int words, int seed)
    {
        var random = new Random(seed);
        return string.Join(' ', Enumerable.Range(0, words).Select(_ => Words[random.Next(Words.Length)]));
    }
}
