using Streaming.Learning.Data;
using Streaming.Learning.Recipes;
using Streaming.Learning.Selection;
using Streaming.Learning.Tests.Training;
using Streaming.Text.Tokenization;

namespace Streaming.Learning.Tests.Selection;

public sealed class SelectionExperimentTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streaming-selection-");

    [Fact]
    public async Task RunAsync_RareNamesInThePool_AreFoundByChoosing()
    {
        // Seventy-nine sentences in eighty say nothing; the eightieth has a name, and the test is full of them.
        Write("pool.conll", 400, rate: 80);
        Write("test.conll", 100, rate: 1);
        var recipe = RecipeLoader.Parse(System.Text.Encoding.UTF8.GetBytes(
            """
            name: small
            version: 0.0.1
            seed: 5
            licence: CC0-1.0
            data_sets:
              names: {format: conll, licence: CC0-1.0}
            heads:
              - name: ner
                task: ner
                kind: crf
                layers: [1, 2]
                labels: [PER]
                optimizer: {epochs: 4, batch_size: 8, learning_rate: 0.02, l2: 0.001}
                train: [{set: names, file: pool.conll}]
                dev: [{set: names, file: pool.conll}]
                test: [{set: names, file: test.conll}]
            """),
            "small.yaml");
        var bundle = HashEncoder.NewBundle(Path.Combine(_folder.FullName, "bundle"), "went", "home", "and", "then", "saw");
        await using var runner = new HashEncoder();
        using var experiment = await SelectionExperiment.PrepareAsync(
            recipe.Heads[0], new SampleLoader(_folder.FullName), TokenizerLoader.Load(bundle), runner, 400, _folder.FullName, null, CancellationToken.None);

        double chosen = 0, random = 0;
        for (var seed = 1UL; seed <= 4; seed++)
        {
            var points = await experiment.RunAsync([40, 60], 20, 1, UncertaintyMeasure.LeastConfidence, seed, CancellationToken.None);
            Assert.Equal([40, 60], points.Select(point => point.Sentences));
            chosen += points[^1].Chosen;
            random += points[^1].Random;
        }

        var control = await experiment.ControlAsync(400, 0.5, 20, TimeProvider.System, CancellationToken.None);

        Assert.True(chosen > random + 1, $"chosen {chosen}, random {random}");
        Assert.Equal(20, control.Slices.Count);
        Assert.InRange(control.Inside, 15, 20);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private void Write(string file, int sentences, int rate)
    {
        var random = new SeededRandom((ulong)rate);
        string[] plain = ["we", "went", "home", "and", "then", "saw", "it"];
        var lines = new List<string>();
        for (var i = 0; i < sentences; i++)
        {
            for (var word = 0; word < 6; word++)
            {
                var isName = word == 3 && i % rate == 0;
                lines.Add(isName ? $"z{(char)('a' + random.Next(26))}{(char)('a' + random.Next(26))}k B-PER" : $"{plain[random.Next(plain.Length)]} O");
            }

            lines.Add($"n{i} O");
            lines.Add("");
        }

        File.WriteAllLines(Path.Combine(_folder.FullName, file), lines);
    }
}
