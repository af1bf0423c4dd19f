using System.Text;
using Streaming.Learning.Recipes;
using Streaming.Testing;

namespace Streaming.Core.Tests.Topology;

/// <summary>The schema that editors use for recipes agrees with what <c>streaming train</c> reads.</summary>
public sealed class RecipeSchemaTests
{
    private const string Valid = """
        name: r
        version: 0.1.0
        seed: 1
        licence: Apache-2.0
        data_sets:
          d: {format: jsonl, licence: CC-BY-4.0, text: [t], label: l}
        heads:
          - name: topic
            task: topic
            kind: softmax
            layers: [6]
            labels: [a, b]
            optimizer: {kind: adam, epochs: 3}
            train: [{set: d, file: d/train.jsonl}]
            dev: [{set: d, file: d/dev.jsonl, folds: 5, keep: [1]}]
            test: [{set: d, file: d/test.jsonl}]
        """;

    public static TheoryData<string> Shipped => new(Directory
        .EnumerateFiles(Path.Combine(SharedFolder.RepositoryRoot, "models", "recipes"), "*.yaml")
        .Select(f => Path.GetFileName(f)!));

    [Theory]
    [MemberData(nameof(Shipped))]
    public void Recipe_Shipped_FitsSchema(string name)
    {
        var text = File.ReadAllText(Path.Combine(SharedFolder.RepositoryRoot, "models", "recipes", name));

        Assert.Empty(Schema().Validate(YamlToJson.Convert(text)));
    }

    [Theory]
    [InlineData("name: r", "name: r")]
    [InlineData("name: r", "nam: r")]
    [InlineData("seed: 1", "seed: -1")]
    [InlineData("seed: 1", "seed: one")]
    [InlineData("version: 0.1.0", "")]
    [InlineData("task: topic", "task: topics")]
    [InlineData("kind: softmax", "kind: linear")]
    [InlineData("layers: [6]", "layers: []")]
    [InlineData("layers: [6]", "layers: 6")]
    [InlineData("labels: [a, b]", "labels: [a, a]")]
    [InlineData("epochs: 3", "epochs: 0")]
    [InlineData("epochs: 3", "epoch: 3")]
    [InlineData("epochs: 3", "l2: 0.1")]
    [InlineData("kind: adam", "kind: sgd")]
    [InlineData("format: jsonl", "format: parquet")]
    [InlineData("licence: CC-BY-4.0, ", "")]
    [InlineData("licence: CC-BY-4.0", "licence: CC-BY-4.0, mapping: {x: ~, y: a}")]
    [InlineData("train: [{set: d, file: d/train.jsonl}]", "train: []")]
    [InlineData("train: [{set: d, file: d/train.jsonl}]", "train: [{file: d/train.jsonl}]")]
    [InlineData("file: d/dev.jsonl", "file: /d/dev.jsonl")]
    [InlineData("folds: 5", "folds: 0")]
    [InlineData("folds: 5", "fold: 5")]
    [InlineData("heads:\n", "fine_tuning: {}\nheads:\n")]
    [InlineData("heads:\n", "fine_tuning: {epochs: 0}\nheads:\n")]
    [InlineData("heads:\n", "fine_tuning: {sampling: annealed, heads: refit, freeze: {layers: 2}, early_stopping: {patience: 2}}\nheads:\n")]
    [InlineData("heads:\n", "fine_tuning: {sampling: random}\nheads:\n")]
    [InlineData("heads:\n", "fine_tuning: {lora: {rank: 8, targets: [query, up], dora: true}}\nheads:\n")]
    [InlineData("heads:\n", "fine_tuning: {lora: {targets: [sideways]}}\nheads:\n")]
    [InlineData("heads:\n", "fine_tuning: {tasks: {topic: {class_weights: balanced, label_smoothing: 0.1}}}\nheads:\n")]
    [InlineData("heads:\n", "fine_tuning: {tasks: {topic: {class_weights: {a: 2}}}}\nheads:\n")]
    [InlineData("heads:\n", "fine_tuning: {tasks: {topic: {class_weights: odd}}}\nheads:\n")]
    [InlineData("heads:\n", "fine_tuning: {precision: fp8}\nheads:\n")]
    [InlineData("heads:\n", "encoder: folder\nheads:\n")]
    [InlineData("file: d/train.jsonl", "file: d/train.jsonl, part: train")]
    [InlineData("file: d/train.jsonl", "file: d/train.jsonl, parts: train")]
    [InlineData("format: jsonl", "format: clinc, groups: d/groups.json")]
    [InlineData("format: jsonl", "format: clinc, groups: /groups.json")]
    [InlineData("format: jsonl", "format: bracket")]
    [InlineData("task: topic", "task: aspect_category")]
    [InlineData("task: topic", "task: aspect_category\n    sentiments: [bad, good]")]
    [InlineData("task: topic", "task: aspect_category\n    sentiments: [bad, go/od]")]
    [InlineData("task: topic", "task: aspect_category\n    sentiments: []")]
    [InlineData("task: topic", "task: aspect_category\n    word_shapes: true")]
    [InlineData("labels: [a, b]", "labels: [a, b]\n    few_shot: 0")]
    public void Recipe_Changed_LoaderAndSchemaAgree(string part, string instead)
    {
        Assert.Contains(part, Valid);
        var text = Valid.Replace(part, instead);

        Assert.Equal(IsLoaded(text), Schema().Validate(YamlToJson.Convert(text)).Count == 0);
    }

    private static bool IsLoaded(string text)
    {
        try
        {
            RecipeLoader.Parse(Encoding.UTF8.GetBytes(text), "r.yaml");
            return true;
        }
        catch (StreamingException e) when (e.Code == "recipe_invalid")
        {
            return false;
        }
    }

    private static JsonSchemaValidator Schema() =>
        JsonSchemaValidator.Parse(File.ReadAllText(Path.Combine(SharedFolder.RepositoryRoot, "schemas", "recipe.v1.json")));
}
