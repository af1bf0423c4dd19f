using Streaming.Core.Models.Bundle;
using Streaming.Text.Analysis;
using Streaming.Text.Features;
using Streaming.Text.Words;

namespace Streaming.Text.Tests.Analysis;

public sealed class FeatureExtractorTests
{
    [Fact]
    public async Task ExtractAsync_Words_ReadsFirstSubwordOfEachLayerThenShape()
    {
        var runner = new HashingRunner();
        var layout = FeatureLayout.Create(runner.Info, HeadUnit.Token, [2, 1], wordShape: true);
        var extractor = new FeatureExtractor(Models.Tokenizer, runner, layout);
        using var tokens = new Streaming.Text.Tokenization.TokenBuffer();
        Models.Tokenizer.Encode("paris", tokens);
        var paris = tokens.Ids[0];
        var rows = new Dictionary<int, (WordSpan[] Words, float[] Features)>();

        await extractor.ExtractAsync(
            [new FeatureText("unbelievableness Paris"), new FeatureText("")],
            (text, words, features) => rows.Add(text, (words.ToArray(), features.ToArray())), null, CancellationToken.None);

        Assert.Equal([new WordSpan(0, 16), new WordSpan(17, 22)], rows[0].Words);
        Assert.Equal(2 * layout.Inputs, rows[0].Features.Length);
        var second = rows[0].Features.AsSpan(layout.Inputs);
        for (var dimension = 0; dimension < 16; dimension++)
        {
            Assert.Equal(HashingRunner.Value(paris, 2, dimension), second[dimension]);
            Assert.Equal(HashingRunner.Value(paris, 1, dimension), second[16 + dimension]);
        }

        var shape = new float[WordShape.Dimensions];
        WordShape.Write("Paris", sentenceInitial: false, shape);
        Assert.Equal(shape, second[32..].ToArray());
        Assert.Empty(rows[1].Features);
    }

    [Fact]
    public async Task ExtractAsync_LongText_CountsEveryTokenOnce()
    {
        var runner = new HashingRunner(maxLength: 16);
        var layout = FeatureLayout.Create(runner.Info, HeadUnit.Document, [1], wordShape: false);
        var text = string.Join(' ', EnrichmentModelTests.RandomTexts(5));
        using var tokens = new Streaming.Text.Tokenization.TokenBuffer();
        Models.Tokenizer.Encode(text, tokens);
        var expected = new double[16];
        foreach (var id in (int[])[Models.Tokenizer.Special.Start, .. tokens.Ids.ToArray(), Models.Tokenizer.Special.End])
        {
            for (var dimension = 0; dimension < 16; dimension++)
                expected[dimension] += HashingRunner.Value(id, 1, dimension) / (tokens.Count + 2.0);
        }

        float[] actual = [];
        var statistics = await new FeatureExtractor(Models.Tokenizer, runner, layout, new WindowOptions { Stride = 5 })
            .ExtractAsync([new FeatureText(text)], (_, _, features) => actual = features.ToArray(), null, CancellationToken.None);

        Assert.True(statistics.Windows > 4);
        for (var dimension = 0; dimension < 16; dimension++)
            Assert.Equal(expected[dimension], actual[dimension], 1e-5);
    }

    [Fact]
    public async Task ExtractAsync_LongText_EveryWordOnceFromItsBestWindow()
    {
        var runner = new HashingRunner(maxLength: 16);
        var layout = FeatureLayout.Create(runner.Info, HeadUnit.Token, [1], wordShape: false);
        var text = string.Join(' ', EnrichmentModelTests.RandomTexts(5));
        float[] windowed = [];
        float[] whole = [];

        await new FeatureExtractor(Models.Tokenizer, runner, layout, new WindowOptions { Stride = 5 })
            .ExtractAsync([new FeatureText(text)], (_, _, features) => windowed = features.ToArray(), null, CancellationToken.None);
        await new FeatureExtractor(Models.Tokenizer, new HashingRunner(maxLength: 4096), layout, new WindowOptions { MaxLength = 4096 })
            .ExtractAsync([new FeatureText(text)], (_, _, features) => whole = features.ToArray(), null, CancellationToken.None);

        Assert.Equal(whole, windowed);
    }
}
