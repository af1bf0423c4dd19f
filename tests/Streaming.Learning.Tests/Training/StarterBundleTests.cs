using Streaming.Core.Models.Bundle;
using Streaming.Learning.Recipes;
using Streaming.Testing;

namespace Streaming.Learning.Tests.Training;

public sealed class StarterBundleTests
{
    private static readonly string Models = Path.Combine(SharedFolder.RepositoryRoot, "models");

    [Fact]
    public void Open_TheShippedBundle_VerifiesAndIsSmall()
    {
        var bundle = ModelBundle.Open(Path.Combine(Models, "starter"));
        Assert.Equal([HeadTask.Ner, HeadTask.Topic, HeadTask.Sentiment, HeadTask.Absa], bundle.Manifest.Heads.Select(h => h.Task));
        Assert.True(new DirectoryInfo(bundle.Directory).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length) <= 30_000_000);
        Assert.Contains("LICENSE", bundle.Manifest.Files.Keys);
    }

    [Fact]
    public void Manifest_OfTheShippedBundle_IsOfTheShippedRecipe()
    {
        var bundle = ModelBundle.Open(Path.Combine(Models, "starter"));
        var recipe = RecipeLoader.Load(Path.Combine(Models, "recipes", "starter.yaml"));
        Assert.Equal(recipe.Sha256, bundle.Manifest.Training!.Recipe);
        var files = recipe.Heads.SelectMany(h => h.Train.Concat(h.Dev).Concat(h.Test)).Select(s => s.File).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(files, bundle.Manifest.Training.Data.Select(d => d.File).Distinct().Order(StringComparer.Ordinal));
        Assert.All(bundle.Manifest.Training.Data, d => Assert.False(string.IsNullOrEmpty(d.Licence) || string.IsNullOrEmpty(d.Attribution)));
    }

    [Fact]
    public void Metrics_OfTheShippedHeads_BeatTheirBaselines()
    {
        foreach (var head in ModelBundle.Open(Path.Combine(Models, "starter")).Manifest.Heads)
        {
            Assert.NotEmpty(head.Baselines);
            foreach (var (name, baseline) in head.Baselines)
            {
                foreach (var (metric, value) in baseline)
                    Assert.True(head.Metrics[metric] > value, $"{head.Name} {metric}: {head.Metrics[metric]} does not beat {name} with {value}");
            }
        }
    }
}
