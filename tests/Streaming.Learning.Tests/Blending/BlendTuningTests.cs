using Streaming.Core;
using Streaming.Learning.Blending;
using Streaming.Learning.Data;
using Streaming.Learning.Recipes;
using Streaming.Learning.Retraining;
using Streaming.Learning.Tests.FineTuning;

namespace Streaming.Learning.Tests.Blending;

public sealed class BlendTuningTests : IDisposable
{
    private const string Recipe = """
        name: blended
        version: 0.0.1
        seed: 5
        licence: CC-BY-4.0
        data_sets:
          cities: {format: conll, licence: CC-BY-4.0}
        fine_tuning: {epochs: 1, learning_rate: 0.01, max_batch_tokens: 64, max_length: 16, dropout: 0}
        heads:
          - {name: ner, task: ner, kind: crf, layers: [1], word_shape: true, labels: [PER, LOC], train: [{set: cities, file: a}], dev: [{set: cities, file: a}], test: [{set: cities, file: a}]}
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streaming-blend-tune-");
    private readonly List<TaggedText> _texts;

    public BlendTuningTests()
    {
        var random = new SeededRandom(11);
        File.WriteAllText(PathOf("cities.conll"), string.Concat(Enumerable.Range(0, 240).Select(_ => TinyCities.Sentence(random, 10, 4))));
        _texts = new SampleLoader(_folder.FullName).Tagged(new DataSource { Name = "cities", File = "cities.conll", Format = DataFormat.Conll, Licence = "CC0-1.0" }, ["PER", "LOC"]);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(BlendStrategy.All)]
    [InlineData(BlendStrategy.Distilled)]
    [InlineData(BlendStrategy.Original)]
    [InlineData(BlendStrategy.SimpleMix)]
    [InlineData(BlendStrategy.Sigmoid)]
    [InlineData(BlendStrategy.Cosine)]
    [InlineData(BlendStrategy.Power)]
    public void Train_AnyStrategy_LearnsWhatItsLabelsSayTwiceAlike(BlendStrategy strategy)
    {
        // Machines call people places here: who learns from them alone is half wrong.
        var tuning = Tuning(distilled: 80);
        var blend = new BlendSettings { Strategy = strategy, Epochs = 8, RateDecay = 0.95, Seed = 3 };

        var (f1, tokens) = tuning.Train(blend, 0, null, default);

        Assert.Equal((f1, tokens), tuning.Train(blend, 0, null, default));
        Assert.Equal(tuning.Tokens(blend).Training, tokens);
        if (strategy == BlendStrategy.Distilled)
            Assert.InRange(f1, 0, 0.8);
        if (strategy == BlendStrategy.Original)
            Assert.True(f1 > 0.9, $"F1 {f1}");
    }

    [Fact]
    public void Tokens_OfStrategies_AreWhatTheirCurvesDraw()
    {
        var tuning = Tuning(distilled: 80);

        var tokens = Enum.GetValues<BlendStrategy>().ToDictionary(static strategy => strategy, strategy => tuning.Tokens(new BlendSettings { Strategy = strategy, Epochs = 4 }).Training);

        Assert.InRange((double)tokens[BlendStrategy.All] / (tokens[BlendStrategy.Original] + tokens[BlendStrategy.Distilled]), 0.9, 1.1);
        Assert.True(tokens[BlendStrategy.SimpleMix] < tokens[BlendStrategy.All]);
    }

    [Fact]
    public void Train_MaxSteps_EndsThere()
    {
        var steps = 0;

        Tuning(distilled: 80).Train(new BlendSettings { Epochs = 4 }, 3, (step, _, _) => steps = step, default);

        Assert.Equal(3, steps);
    }

    [Fact]
    public void New_RecipeWithoutFineTuning_IsRefused() =>
        Assert.Equal("recipe_invalid", Assert.Throws<StreamingException>(() => Tuning(80, Recipe.Replace("fine_tuning: {epochs: 1, learning_rate: 0.01, max_batch_tokens: 64, max_length: 16, dropout: 0}\n", "", StringComparison.Ordinal))).Code);

    private BlendTuning Tuning(int distilled, string recipe = Recipe)
    {
        File.WriteAllText(PathOf("recipe.yaml"), recipe);
        var checkpoint = TinyCities.NewCheckpoint(PathOf("checkpoint"));
        var samples = _texts.Take(160).Select((text, i) => i < distilled
            ? new LearningSample { Tagged = text with { Spans = [.. text.Spans.Select(static span => span with { Type = "LOC" })] }, IsDistilled = true }
            : new LearningSample { Tagged = text, IsDistilled = false });
        return new BlendTuning(RecipeLoader.Load(PathOf("recipe.yaml")), checkpoint, new TinyBackend(), new TinyImporter(), [.. samples], [.. _texts.Skip(160)]);
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);
}
