using Streaming.Learning.Data;
using Streaming.Learning.Metrics;
using Streaming.Text.Heads;

namespace Streaming.Learning.Tests.Metrics;

public sealed class CategoryReportTests
{
    private static readonly CategorySet Set = new(CategorySet.LabelsOf(["food", "price", "service"], ["negative", "neutral", "positive"]));

    [Fact]
    public void Of_DrawnPredictions_EqualsACountOverSetsOfNames()
    {
        var random = new SeededRandom(4);
        var texts = new List<CategorizedText>();
        var predicted = new List<CategoryScore[]>();
        for (var i = 0; i < 300; i++)
        {
            texts.Add(new CategorizedText($"text {i}", [.. Set.Categories.Select(_ => random.Next(5) - 1)], "drawn"));
            predicted.Add([.. Set.Categories.Select((_, category) =>
            {
                var found = random.Next(2) == 0;
                // Half of the time right, so that no count is next to nothing.
                var right = Math.Max(0, texts[^1].Outcomes[category] - 1);
                return new CategoryScore(category, random.Next(2) == 0 ? right : random.Next(3), found ? 0.8 : 0.2, found ? 0.5 + (random.NextDouble() / 2) : 0.1, found);
            })]);
        }

        var report = CategoryReport.Of(texts, predicted, Set);

        // The same by names, as subtasks 3 and 4 of SemEval-2014 are defined.
        var (right, found, gold) = (0, 0, 0);
        var (rightPairs, foundPairs, goldPairs) = (0, 0, 0);
        var (polarities, rightPolarities, brier, confidences) = (0, 0, 0.0, 0);
        var perCategory = Set.Categories.ToDictionary(c => c, _ => new int[3]);
        for (var i = 0; i < texts.Count; i++)
        {
            var goldNames = new HashSet<string>();
            var goldPairNames = new HashSet<string>();
            var disputed = new HashSet<string>();
            for (var c = 0; c < 3; c++)
            {
                var outcome = texts[i].Outcomes[c];
                if (outcome != 0)
                    goldNames.Add(Set.Categories[c]);
                if (outcome > 0)
                    goldPairNames.Add($"{Set.Categories[c]} {Set.Sentiments[outcome - 1]}");
                if (outcome < 0)
                    disputed.Add(Set.Categories[c]);
            }

            var foundNames = predicted[i].Where(s => s.Found).Select(s => Set.Categories[s.Category]).ToHashSet();
            var pairs = predicted[i].Where(s => s.Found && !disputed.Contains(Set.Categories[s.Category])).ToList();
            right += foundNames.Count(goldNames.Contains);
            found += foundNames.Count;
            gold += goldNames.Count;
            foreach (var pair in pairs)
            {
                var isRight = goldPairNames.Contains($"{Set.Categories[pair.Category]} {Set.Sentiments[pair.Sentiment]}");
                rightPairs += isRight ? 1 : 0;
                foundPairs++;
                brier += isRight ? (1 - pair.Confidence) * (1 - pair.Confidence) : pair.Confidence * pair.Confidence;
                confidences++;
                perCategory[Set.Categories[pair.Category]][0] += isRight ? 1 : 0;
                perCategory[Set.Categories[pair.Category]][1]++;
            }

            goldPairs += goldPairNames.Count;
            foreach (var name in goldPairNames)
                perCategory[name.Split(' ')[0]][2]++;
            polarities += goldPairNames.Count;
            rightPolarities += goldPairNames.Count(name => predicted[i].Any(s => name == $"{Set.Categories[s.Category]} {Set.Sentiments[s.Sentiment]}"));
        }

        Assert.Equal(2.0 * right / (found + gold), report.Categories.Micro.F1, 1e-12);
        Assert.Equal((double)rightPairs / foundPairs, report.Pairs.Micro.Precision, 1e-12);
        Assert.Equal((double)rightPairs / goldPairs, report.Pairs.Micro.Recall, 1e-12);
        Assert.Equal(2.0 * rightPairs / (foundPairs + goldPairs), report.Pairs.Micro.F1, 1e-12);
        Assert.Equal((double)rightPolarities / polarities, report.SentimentAccuracy, 1e-12);
        Assert.Equal(brier / confidences, report.Brier, 1e-12);
        foreach (var (category, counts) in perCategory)
            Assert.Equal(2.0 * counts[0] / (counts[1] + counts[2]), report.Pairs.Types[category].F1, 1e-12);
        Assert.Equal((rightPairs, foundPairs, goldPairs), (report.Samples.Sum(s => s.Correct), report.Samples.Sum(s => s.Predicted), report.Samples.Sum(s => s.Gold)));
        Assert.InRange(report.Calibration.ExpectedError, 0, 1);
    }

    [Fact]
    public void Of_NothingFoundAndNothingThere_IsNotANumberless()
    {
        var report = CategoryReport.Of(
            [new CategorizedText("a", [0, 0, 0], "x")], [[.. Enumerable.Range(0, 3).Select(c => new CategoryScore(c, 0, 0.1, 0.1, false))]], Set);

        Assert.Equal((0, 0, 0), (report.Pairs.Micro.F1, report.SentimentAccuracy, report.Brier));
    }
}
