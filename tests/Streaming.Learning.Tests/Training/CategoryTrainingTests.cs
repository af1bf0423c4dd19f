using System.Text;
using System.Text.Json;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Data;
using Streaming.Learning.Evaluating;
using Streaming.Learning.FineTuning;
using Streaming.Learning.Recipes;
using Streaming.Learning.Tests.FineTuning;
using Streaming.Learning.Training;

namespace Streaming.Learning.Tests.Training;

/// <summary>Heads on categories of aspects, on a frozen encoder and trained with one.</summary>
public sealed class CategoryTrainingTests : IDisposable
{
    private const string Recipe = """
        name: small
        version: 0.0.1
        seed: 5
        licence: CC-BY-4.0
        data_sets:
          meals: {format: jsonl, licence: CC0-1.0}
        heads:
          - name: categories
            task: aspect_category
            kind: softmax
            layers: [1, 2]
            labels: [food, service]
            sentiments: [negative, positive]
            optimizer: {kind: lbfgs, max_iterations: 80, l2: 0.003}
            train: [{set: meals, file: meals.jsonl, folds: 4, keep: [0, 1]}]
            dev: [{set: meals, file: meals.jsonl, folds: 4, keep: [2]}]
            test: [{set: meals, file: meals.jsonl, folds: 4, keep: [3]}]
        """;

    private static readonly string[] Plain = ["we", "went", "there", "again", "and", "then", "home", "it", "was"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streaming-categories-");

    public CategoryTrainingTests()
    {
        var random = new SeededRandom(3);
        var lines = new StringBuilder();
        for (var i = 0; i < 480; i++)
        {
            var (words, labels) = (Enumerable.Range(0, 2 + random.Next(3)).Select(_ => Plain[random.Next(Plain.Length)]).ToList(), new List<string>());
            foreach (var (category, good, bad) in new[] { ("food", "tasty", "stale"), ("service", "friendly", "rude") })
            {
                var outcome = random.Next(3);
                if (outcome == 0)
                    continue;
                words.Insert(random.Next(words.Count + 1), outcome == 1 ? good : bad);
                labels.Add($"{category}/{(i % 19 == 0 ? "conflict" : outcome == 1 ? "positive" : "negative")}");
            }

            lines.Append(JsonSerializer.Serialize(new { text = string.Join(' ', words), labels })).Append('\n');
        }

        File.WriteAllText(PathOf("meals.jsonl"), lines.ToString());
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task TrainAsync_FrozenEncoder_LearnsCategoriesAndSentiments()
    {
        var bundle = await TrainAsync();

        var head = bundle.Manifest.Heads.Single();
        Assert.Equal(["food/none", "food/negative", "food/positive", "service/none", "service/negative", "service/positive"], head.Labels);
        Assert.Equal((HeadUnit.Document, HeadKind.Softmax), (head.Unit, head.Kind));
        Assert.True(head.Metrics["test.pair_f1"] > 0.85, $"pairs {head.Metrics["test.pair_f1"]}");
        Assert.True(head.Metrics["test.category_f1"] > 0.85, $"categories {head.Metrics["test.category_f1"]}");
        Assert.True(head.Metrics["test.sentiment_accuracy"] > 0.85, $"sentiments {head.Metrics["test.sentiment_accuracy"]}");
        Assert.True(head.Metrics["test.pair_f1"] > head.Baselines["majority"]["test.pair_f1"] + 0.3);
        Assert.True(head.Baselines["bag_of_words"]["test.pair_f1"] > head.Baselines["majority"]["test.pair_f1"]);
        Assert.InRange(head.Metrics["test.ece"], 0, 0.2);
    }

    [Fact]
    public async Task Evaluation_OfTheTestSplit_GivesTheManifestsFigures()
    {
        var bundle = await TrainAsync();
        var metrics = bundle.Manifest.Heads.Single().Metrics;
        var head = RecipeLoader.Parse(Encoding.UTF8.GetBytes(Recipe), "small.yaml").Heads[0];
        var set = new Streaming.Text.Heads.CategorySet(head.Outputs);
        var test = new SampleLoader(_folder.FullName).Categorized(head.Test[0], set);
        var lines = test.Select(t => JsonSerializer.Serialize(new
        {
            text = t.Text,
            labels = t.Outcomes.Index().Where(o => o.Item != 0).Select(o => $"{set.Categories[o.Index]}/{(o.Item < 0 ? "conflict" : set.Sentiments[o.Item - 1])}"),
        }));
        await File.WriteAllLinesAsync(PathOf("test.jsonl"), lines);
        await using var runner = new HashEncoder();

        var report = await new Evaluation(bundle, runner).RunAsync(
            new EvaluationRequest { Task = HeadTask.AspectCategory, File = PathOf("test.jsonl"), Format = DataFormat.Jsonl, Seed = 5 }, null, CancellationToken.None);

        Assert.Equal("aspect_category", report.Task);
        Assert.Equal(metrics["test.micro_f1"], report.MicroF1, 1e-12);
        Assert.Equal(metrics["test.micro_f1.low"], report.MicroF1Low, 1e-12);
        Assert.Equal(metrics["test.category_f1"], report.Categories!.F1, 1e-12);
        Assert.Equal(metrics["test.pair_f1"], report.Pairs!.F1, 1e-12);
        Assert.Equal(metrics["test.sentiment_accuracy"], report.Accuracy, 1e-12);
        Assert.Equal(metrics["test.ece"], report.Ece, 1e-12);
        Assert.Equal(["food", "service"], report.PerType.Keys);
        Assert.Equal(["negative", "positive", "none"], report.Details!.ConfusionLabels);
        var page = new StringWriter();
        EvaluationPage.Write(page, report);
        Assert.Contains("categories F1", page.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keep")]
    [InlineData("best")]
    public async Task TrainAsync_WithTheEncoder_LearnsCategories(string policy)
    {
        var bundle = await TuneAsync($"fine_tuning: {{epochs: 12, learning_rate: 0.02, max_batch_tokens: 64, max_length: 16, heads: {policy}}}");

        var metrics = bundle.Manifest.Heads.Single().Metrics;
        Assert.True(metrics["test.pair_f1"] > 0.85, $"pairs {metrics["test.pair_f1"]}");
    }

    [Fact]
    public async Task TrainAsync_WithTheEncoderAndClassWeights_IsRefused()
    {
        var error = await Assert.ThrowsAsync<Core.StreamingException>(() => TuneAsync("fine_tuning: {max_length: 16, tasks: {categories: {class_weights: balanced}}}"));
        Assert.Equal("recipe_invalid", error.Code);
    }

    private async Task<ModelBundle> TrainAsync()
    {
        await using var runner = new HashEncoder();
        var recipe = RecipeLoader.Parse(Encoding.UTF8.GetBytes(Recipe), "small.yaml");
        return await new HeadTraining(HashEncoder.NewBundle(PathOf("encoder"), [.. Plain, "tasty", "stale", "friendly", "rude"]), runner, _folder.FullName).TrainAsync(recipe, PathOf("out"), overwrite: true, null, CancellationToken.None);
    }

    private async Task<ModelBundle> TuneAsync(string tuning)
    {
        var checkpoint = TinyImporter.NewCheckpoint(PathOf("checkpoint"), [.. Plain, "tasty", "stale", "friendly", "rude"]);
        var recipe = RecipeLoader.Parse(Encoding.UTF8.GetBytes(Recipe.Replace("heads:\n", tuning + "\nheads:\n", StringComparison.Ordinal)), "small.yaml");
        return await new EncoderTraining(checkpoint, new TinyBackend(), new TinyImporter(), _folder.FullName, TimeProvider.System)
            .TrainAsync(recipe, PathOf("tuned"), overwrite: true, null, CancellationToken.None);
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);
}
