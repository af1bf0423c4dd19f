using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Heads;
using Streaming.Text.Tests.Analysis;

namespace Streaming.Text.Tests.Heads;

public sealed class CategorySetTests
{
    private static readonly string[] Labels = ["food/none", "food/bad", "food/good", "a/b/none", "a/b/bad", "a/b/good"];

    [Fact]
    public void Constructor_LabelsOfCategories_AreRead()
    {
        var set = new CategorySet(Labels);

        Assert.Equal(["food", "a/b"], set.Categories);
        Assert.Equal(["bad", "good"], set.Sentiments);
        Assert.Equal(3, set.Outcomes);
        Assert.Equal(Labels, CategorySet.LabelsOf(set.Categories, set.Sentiments));
    }

    [Theory]
    [InlineData("food/none food/bad food/good price/none price/bad")]
    [InlineData("food/none food/bad price/none price/good")]
    [InlineData("food/bad food/none")]
    [InlineData("food/none price/none")]
    [InlineData("food bad")]
    [InlineData("/none /bad")]
    [InlineData("food/none food/")]
    public void Constructor_OtherLabels_AreRefused(string labels) =>
        Assert.Equal("head_invalid", Assert.Throws<StreamingException>(() => new CategorySet(labels.Split(' '))).Code);

    [Fact]
    public void Categorize_Logits_GivesASoftmaxACategory()
    {
        var manifest = Models.Manifest("c", HeadTask.AspectCategory, HeadKind.Softmax, HeadUnit.Document, Labels, [1], wordShape: false) with
        {
            Thresholds = new Dictionary<string, double> { ["a/b"] = 0.9 },
        };
        var head = new Head(manifest, new EncoderInfo(2, [1], 64, "test"), new float[12], new float[6]);
        float[] logits = [0.5f, -1, 1.5f, 0, 0.25f, 2];

        var scores = head.Categorize(logits);

        for (var category = 0; category < 2; category++)
        {
            double[] powers = [.. logits[(3 * category)..(3 * category + 3)].Select(logit => Math.Exp(logit / manifest.Temperature))];
            Assert.Equal((category, 1), (scores[category].Category, scores[category].Sentiment));
            Assert.Equal((powers[1] + powers[2]) / powers.Sum(), scores[category].Presence, 1e-12);
            Assert.Equal(powers[2] / powers.Sum(), scores[category].Confidence, 1e-12);
        }

        Assert.True(scores[0].Found);
        Assert.InRange(scores[1].Presence, 0.5, 0.9);
        Assert.False(scores[1].Found);
    }
}
