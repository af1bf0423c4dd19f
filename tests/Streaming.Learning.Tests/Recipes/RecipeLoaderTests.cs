using System.Text;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Recipes;
using Streaming.Testing;

namespace Streaming.Learning.Tests.Recipes;

public sealed class RecipeLoaderTests
{
    private const string Good = """
        name: n
        version: 1
        seed: 3
        licence: MIT
        data_sets: {d: {format: conll, licence: MIT}}
        heads:
          - {name: ner, task: ner, kind: crf, layers: [6], labels: [PER], train: [{set: d, file: a/b.conll}], dev: [{set: d, file: c}], test: [{set: d, file: e}]}
        """;

    private const string Tuned = Good + "\n" + """
        fine_tuning: {epochs: 2, sampling: square_root, heads: best, device: cpu, freeze: {embeddings: true, layers: 2}, lora: {rank: 4, targets: [up], dora: true}, tasks: {ner: {share: 2}}, contrastive: {head: ner, descriptions: {PER: a person}}}
        """;

    public static TheoryData<string> Shipped => new(Directory.EnumerateFiles(Path.Combine(SharedFolder.RepositoryRoot, "models", "recipes"), "*.yaml").Select(f => Path.GetFileName(f)!));

    [Fact]
    public void Parse_Good_HasTagsForTypes()
    {
        var recipe = Parse(Good);
        Assert.Equal(["O", "B-PER", "I-PER"], recipe.Heads[0].Outputs);
        Assert.Equal(HeadKind.Crf, recipe.Heads[0].Kind);
        Assert.Equal(64, recipe.Sha256.Length);
    }

    [Theory]
    [InlineData("seed: 3", "sed: 3", "'sed' is not known")]
    [InlineData("seed: 3", "seed: x", "whole number")]
    [InlineData("task: ner", "task: nerd", "not one of ner, topic")]
    [InlineData("kind: crf", "kind: tree", "not one of softmax, crf")]
    [InlineData("format: conll", "format: xlsx", "no data format")]
    [InlineData("file: a/b.conll", "file: ../b.conll", "relative to the data folder")]
    [InlineData("file: a/b.conll", "file: /b.conll", "relative to the data folder")]
    [InlineData("set: d, file: c", "set: x, file: c", "no data set 'x'")]
    [InlineData("labels: [PER]", "labels: [PER, PER]", "distinct")]
    [InlineData("layers: [6]", "layers: []", "at least one layer")]
    [InlineData("task: ner", "task: topic", "kind crf")]
    [InlineData("file: e", "file: e, folds: 5", "folds without keep")]
    [InlineData("file: e", "file: e, folds: 5, keep: [5]", "from 0 to 4")]
    [InlineData("name: n\n", "name: [\n", "recipe.yaml")]
    public void Parse_Wrong_SaysWhereAndWhat(string good, string wrong, string message)
    {
        var error = Assert.Throws<StreamingException>(() => Parse(Good.Replace(good, wrong, StringComparison.Ordinal)));
        Assert.Equal("recipe_invalid", error.Code);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains("recipe.yaml:", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_SeveralFaults_ReportsAll()
    {
        var error = Assert.Throws<StreamingException>(() => Parse(Good.Replace("seed: 3", "seed: -1", StringComparison.Ordinal).Replace("task: ner", "task: x", StringComparison.Ordinal)));
        Assert.Contains("whole number", error.Message, StringComparison.Ordinal);
        Assert.Contains("'x' is not one of", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NoFile_SaysWhereRecipesAre()
    {
        var error = Assert.Throws<StreamingException>(() => RecipeLoader.Load("nowhere.yaml"));
        Assert.Equal("recipe_not_found", error.Code);
    }

    [Theory]
    [MemberData(nameof(Shipped))]
    public void Load_ShippedRecipes_AreValid(string name) =>
        Assert.NotEmpty(RecipeLoader.Load(Path.Combine(SharedFolder.RepositoryRoot, "models", "recipes", name)).Heads);

    [Theory]
    [InlineData("epochs: 2", "epochs: 0", "a number from 0.001")]
    [InlineData("epochs: 2", "epochs: 2, steps: 5", "epochs or steps, not both")]
    [InlineData("epochs: 2", "epoch: 2", "'epoch' is not known")]
    [InlineData("sampling: square_root", "sampling: random", "not one of proportional, uniform, square_root, annealed")]
    [InlineData("heads: best", "heads: drop", "not one of best, keep, refit")]
    [InlineData("rank: 4", "rank: 0", "a whole number from 1")]
    [InlineData("targets: [up]", "targets: [sideways]", "no target of LoRA")]
    [InlineData("ner: {share: 2}", "topic: {share: 2}", "no head 'topic'")]
    [InlineData("ner: {share: 2}", "ner: {label_smoothing: 0.1}", "a CRF scores whole sentences")]
    [InlineData("ner: {share: 2}", "ner: {class_weights: odd}", "'balanced'")]
    [InlineData("ner: {share: 2}", "ner: {class_weights: {B-LOC: 2}}", "no output of the head")]
    [InlineData("PER: a person", "LOC: a place", "type 'PER' has no description")]
    [InlineData("device: cpu", "device: abacus", "not one of auto, cpu, cuda")]
    public void Parse_FineTuningWrong_SaysWhereAndWhat(string good, string wrong, string message)
    {
        Assert.NotNull(Parse(Tuned).FineTuning);
        var error = Assert.Throws<StreamingException>(() => Parse(Tuned.Replace(good, wrong, StringComparison.Ordinal)));
        Assert.Equal("recipe_invalid", error.Code);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_FineTuning_ReadsWhatItSays()
    {
        var tuning = Parse(Tuned).FineTuning!;
        Assert.Equal((2.0, TaskSampling.SquareRoot, HeadPolicy.Best, 2.0), (tuning.Epochs, tuning.Sampling, tuning.Heads, tuning.Task("ner").Share));
        Assert.Equal((4, true), (tuning.Lora!.Rank, tuning.Lora.Dora));
        Assert.Equal("a person", tuning.Contrastive!.Descriptions["PER"]);
        Assert.Equal((true, 2), (tuning.FreezeEmbeddings, tuning.FreezeLayers));
        Assert.Null(Parse(Good).FineTuning);
    }

    [Fact]
    public void Load_StarterRecipe_NamesNoResearchOnlyData()
    {
        var recipe = RecipeLoader.Load(Path.Combine(SharedFolder.RepositoryRoot, "models", "recipes", "starter.yaml"));
        string[] mayNotShip = ["conll2003", "semeval2014", "opener", "sst2", "sst5", "tweet_eval", "bbc_news", "ag_news", "labelled_sentences", "stackoverflow", "stream/"];
        foreach (var source in recipe.Heads.SelectMany(h => h.Train.Concat(h.Dev).Concat(h.Test)))
            Assert.DoesNotContain(mayNotShip, part => source.File.Contains(part, StringComparison.Ordinal));
    }

    private static TrainingRecipe Parse(string yaml) => RecipeLoader.Parse(Encoding.UTF8.GetBytes(yaml), "recipe.yaml");
}
