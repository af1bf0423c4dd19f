using Streaming.Contracts;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Analysis;
using Streaming.Text.Heads;
using Streaming.Text.Tests.Analysis;

namespace Streaming.Text.Tests.Heads;

public sealed class TagUncertaintyTests
{
    private static readonly EncoderInfo Info = new(2, [1], 64, "test");
    private static readonly string[] Tags = ["O", "B-X", "I-X"];

    [Fact]
    public void Decode_Crf_MeasuresWhatSummingOverAllPathsGives()
    {
        float[] start = [0.3f, -0.2f, -1], transitions = [0.5f, 0.1f, -2, -0.4f, 0.2f, 1.1f, 0.3f, -0.6f, 0.7f], end = [0.1f, 0, -0.3f];
        var manifest = Models.Manifest("x", HeadTask.Ner, HeadKind.Crf, HeadUnit.Token, Tags, [1], wordShape: false) with { Temperature = 1 };
        var head = new Head(manifest, Info, new float[6], new float[3], (start, transitions, end));
        float[] logits = [0.2f, 0.4f, -0.1f, 0.9f, 0.1f, 0.3f, -0.5f, 0.6f, 0.8f, 0.1f, 0.2f, 0.15f];
        var unsure = new TagUncertainty();

        head.Decode(logits, 0, [], unsure);

        var (best, probability, marginals) = BruteForce(logits, start, transitions, end);
        var worst = Enumerable.Range(0, 4).Max(word => 1 - marginals[word][best[word]]);
        var margin = marginals.Max(row => 1 - (row.Order().ToArray() is var sorted ? sorted[2] - sorted[1] : 0));
        var entropy = marginals.Max(row => -row.Sum(p => p * Math.Log(p)) / Math.Log(3));
        Assert.Equal(worst, unsure.LeastConfidence, 1e-6);
        Assert.Equal(margin, unsure.Margin, 1e-6);
        Assert.Equal(entropy, unsure.Entropy, 1e-6);
        Assert.Equal(1 - Math.Pow(probability, 0.25), unsure.Sequence, 1e-6);
    }

    [Fact]
    public void Decode_SoftmaxInTwoSentences_TakesTheWorstWordAndTheMeanSequence()
    {
        var manifest = Models.Manifest("x", HeadTask.Ner, HeadKind.Softmax, HeadUnit.Token, Tags, [1], wordShape: false) with { Temperature = 1 };
        var head = new Head(manifest, Info, new float[6], new float[3]);
        var unsure = new TagUncertainty();

        head.Decode([20, 0, 0], 0, [], unsure);
        head.Decode([0, 0, 0], 1, [], unsure);

        Assert.Equal(2, unsure.Words);
        Assert.Equal(2 / 3.0, unsure.LeastConfidence, 1e-6);
        Assert.Equal(1, unsure.Margin, 1e-6);
        Assert.Equal(1, unsure.Entropy, 1e-6);
        Assert.Equal(1 - Math.Sqrt(1 / 3.0), unsure.Sequence, 1e-6);
    }

    [Fact]
    public async Task AnalyzeAsync_AskedToMeasure_GivesEachTaskAndTheSameAnnotations()
    {
        await using var plain = Models.FourHeads();
        await using var measuring = new EnrichmentModel(plain.Identity, Models.Tokenizer, plain.Runner, plain.Heads, new EnrichmentModelOptions { MeasureUncertainty = true });
        const string text = "Anna Smith flew to Paris. She liked the soup, not the service.";

        var without = await new TextAnalyzer(plain).AnalyzeAsync(text, CancellationToken.None);
        var with = await new TextAnalyzer(measuring).AnalyzeAsync(text, CancellationToken.None);

        Assert.Empty(without.Uncertainty);
        Assert.Equal(Enum.GetValues<LabelTask>().Order(), with.Uncertainty.Select(task => task.Task).Order());
        Assert.All(with.Uncertainty, task => Assert.InRange(task.LeastConfidence, 0, 1));
        Assert.All(with.Uncertainty, task => Assert.Equal(task.Task is LabelTask.Entities or LabelTask.Aspects, task.Sequence is not null));
        Assert.Equal(1 - with.Sentiment!.Confidence, with.Uncertainty.Single(task => task.Task == LabelTask.Sentiment).LeastConfidence, 1e-9);
        Assert.Equal(without.Entities, with.Entities);
        Assert.Equal(without.Aspects, with.Aspects);
        Assert.Equal(without.Topics, with.Topics);
    }

    private static (int[] Best, double Probability, double[][] Marginals) BruteForce(float[] logits, float[] start, float[] transitions, float[] end)
    {
        var words = logits.Length / 3;
        var marginals = Enumerable.Range(0, words).Select(_ => new double[3]).ToArray();
        double total = 0, most = 0;
        int[] best = [];
        for (var code = 0; code < Math.Pow(3, words); code++)
        {
            var path = Enumerable.Range(0, words).Select(word => code / (int)Math.Pow(3, word) % 3).ToArray();
            double score = start[path[0]] + end[path[^1]];
            for (var word = 0; word < words; word++)
                score += logits[word * 3 + path[word]] + (word == 0 ? 0 : transitions[path[word - 1] * 3 + path[word]]);
            var weight = Math.Exp(score);
            total += weight;
            if (weight > most)
                (most, best) = (weight, path);
            for (var word = 0; word < words; word++)
                marginals[word][path[word]] += weight;
        }

        foreach (var row in marginals)
        {
            for (var label = 0; label < 3; label++)
                row[label] /= total;
        }

        return (best, most / total, marginals);
    }
}
