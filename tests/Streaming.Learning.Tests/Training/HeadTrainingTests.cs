using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Data;
using Streaming.Learning.Evaluating;
using Streaming.Learning.Recipes;
using Streaming.Learning.Training;

namespace Streaming.Learning.Tests.Training;

public sealed class HeadTrainingTests : IDisposable
{
    private const string Recipe = """
        name: small
        version: 0.0.1
        seed: 5
        licence: CC-BY-4.0
        data_sets:
          cities: {format: conll, licence: CC-BY-4.0, attribution: "Cities.", mapping: {place: LOC, person: PER}}
          people: {format: conll, licence: CC0-1.0, annotates: [PER]}
          moods: {format: tsv, licence: CC0-1.0, mapping: {good: positive, bad: negative, odd: null}}
        heads:
          - name: ner
            task: ner
            kind: crf
            layers: [1, 2]
            word_shape: true
            labels: [PER, LOC]
            optimizer: {epochs: 12, batch_size: 8, learning_rate: 0.02, l2: 0.001}
            train: [{set: cities, file: cities.conll, folds: 4, keep: [0, 1]}, {set: people, file: people.conll}]
            dev: [{set: cities, file: cities.conll, folds: 4, keep: [2]}]
            test: [{set: cities, file: cities.conll, folds: 4, keep: [3]}]
          - name: sentiment
            task: sentiment
            kind: softmax
            layers: [2]
            labels: [negative, positive]
            optimizer: {kind: lbfgs, max_iterations: 50, l2: 0.01}
            train: [{set: moods, file: moods.tsv, folds: 4, keep: [0, 1]}]
            dev: [{set: moods, file: moods.tsv, folds: 4, keep: [2]}]
            test: [{set: moods, file: moods.tsv, folds: 4, keep: [3]}]
        """;

    private static readonly string[] Places = ["paris", "rome", "oslo", "cairo"];
    private static readonly string[] People = ["anna", "bob", "carla"];
    private static readonly string[] Plain = ["we", "went", "to", "see", "and", "then", "home"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streaming-learning-");

    public HeadTrainingTests()
    {
        var random = new SeededRandom(8);
        WriteConll("cities.conll", random, 160, withPlaces: true);
        WriteConll("people.conll", random, 80, withPlaces: false);
        var moods = new System.Text.StringBuilder("label\ttext\n");
        for (var i = 0; i < 240; i++)
        {
            var good = random.Next(2) == 0;
            moods.Append(i % 17 == 0 ? "odd" : good ? "good" : "bad").Append('\t');
            moods.AppendJoin(' ', Enumerable.Range(0, 4 + random.Next(4)).Select(_ => Plain[random.Next(Plain.Length)]));
            moods.Append(good ? " fine" : " awful").Append('\n');
        }

        File.WriteAllText(PathOf("moods.tsv"), moods.ToString());
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task TrainAsync_Twice_GivesTheSameBytes()
    {
        var first = await TrainAsync("a");
        var second = await TrainAsync("b");
        Assert.Equal(first.Digest, second.Digest);
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(first.Directory, "manifest.json")), await File.ReadAllBytesAsync(Path.Combine(second.Directory, "manifest.json")));
    }

    [Fact]
    public async Task TrainAsync_SmallRecipe_BeatsItsBaselinesAndRecordsWhatItUsed()
    {
        var bundle = await TrainAsync("a");
        var ner = bundle.Manifest.Heads.Single(h => h.Task == HeadTask.Ner);
        Assert.Equal(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"], ner.Labels);
        Assert.True(ner.Metrics["test.micro_f1"] > 0.9, $"F1 {ner.Metrics["test.micro_f1"]}");
        Assert.Equal(0, ner.Baselines["majority"]["test.micro_f1"]);
        Assert.InRange(ner.Metrics["test.ece"], 0, 0.2);
        var sentiment = bundle.Manifest.Heads.Single(h => h.Task == HeadTask.Sentiment);
        Assert.True(sentiment.Metrics["test.accuracy"] > sentiment.Baselines["majority"]["test.accuracy"] + 0.2);
        Assert.True(sentiment.Baselines["bag_of_words"]["test.accuracy"] > sentiment.Baselines["majority"]["test.accuracy"]);
        Assert.True(sentiment.Temperature > 0);

        var training = bundle.Manifest.Training!;
        Assert.Equal(5, training.Seed);
        Assert.Contains(training.Data, d => d.File == "cities.conll" && d.Licence == "CC-BY-4.0" && d.Sha256.Length == 64 && d.Rows > 0);
        Assert.Contains("Cities.", bundle.Manifest.Attribution);
        Assert.Contains("The hash encoder.", bundle.Manifest.Attribution);
        Assert.Equal("hash@1", bundle.Manifest.Parent);
    }

    [Fact]
    public async Task TrainAsync_DataThatDoesNotAnnotateAType_IsNoEvidenceAgainstIt()
    {
        // Half of the sentences name places but annotate persons only; places must be found all the same.
        var bundle = await TrainAsync("a");
        var ner = bundle.Manifest.Heads.Single(h => h.Task == HeadTask.Ner);
        Assert.True(ner.Metrics["test.f1.LOC"] > 0.9, $"F1 {ner.Metrics["test.f1.LOC"]}");
    }

    [Fact]
    public async Task Evaluation_OfTheTestSplit_GivesTheManifestsFigures()
    {
        var bundle = await TrainAsync("a");
        await using var runner = new HashEncoder();
        var loader = new SampleLoader(_folder.FullName);
        var recipe = RecipeLoader.Parse(System.Text.Encoding.UTF8.GetBytes(Recipe), "small.yaml");
        var test = loader.Tagged(recipe.Heads[0].Test[0], ["PER", "LOC"]);
        var conll = string.Join("\n\n", test.Select(t => string.Join('\n', t.Words.Select((w, i) => $"{t.Text[w.Start..w.End]} {Iob2.FromSpans(t.Spans, t.Words.Count)[i]}"))));
        await File.WriteAllTextAsync(PathOf("test.conll"), conll + "\n");

        var report = await new Evaluation(bundle, runner).RunAsync(
            new EvaluationRequest { Task = HeadTask.Ner, File = PathOf("test.conll"), Format = DataFormat.Conll, Seed = 5 }, null, CancellationToken.None);

        var metrics = bundle.Manifest.Heads[0].Metrics;
        Assert.Equal(metrics["test.micro_f1"], report.MicroF1, 1e-12);
        Assert.Equal(metrics["test.macro_f1"], report.MacroF1, 1e-12);
        Assert.Equal(metrics["test.ece"], report.Ece, 1e-12);
        Assert.Equal((int)metrics["test.samples"], report.Samples);
        Assert.True(report.RawTextMicroF1 > 0.9);
        Assert.True(report.Accuracy > 0.9);
        Assert.Equal(["LOC", "PER"], report.PerType.Keys);
        var json = System.Text.Json.JsonSerializer.Serialize(report, EvaluationJson.Default.EvaluationReport);
        Assert.Contains("\"micro_f1\"", json, StringComparison.Ordinal);
        Assert.Contains("\"per_type\"", json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluation_TaskWithoutHead_SaysWhichThereAre()
    {
        var bundle = await TrainAsync("a");
        await using var runner = new HashEncoder();
        var error = await Assert.ThrowsAsync<StreamingException>(async () => await new Evaluation(bundle, runner).RunAsync(
            new EvaluationRequest { Task = HeadTask.Topic, File = PathOf("moods.tsv"), Format = DataFormat.Tsv }, null, CancellationToken.None));
        Assert.Equal("head_not_found", error.Code);
        Assert.Contains("sentiment", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluation_LabelTheHeadDoesNotKnow_IsRefused()
    {
        var bundle = await TrainAsync("a");
        await using var runner = new HashEncoder();
        var error = await Assert.ThrowsAsync<StreamingException>(async () => await new Evaluation(bundle, runner).RunAsync(
            new EvaluationRequest { Task = HeadTask.Sentiment, File = PathOf("moods.tsv"), Format = DataFormat.Tsv }, null, CancellationToken.None));
        Assert.Equal("data_label_unknown", error.Code);
    }

    [Fact]
    public async Task TrainAsync_MissingFile_LeavesNothingBehind()
    {
        File.Delete(PathOf("people.conll"));
        var error = await Assert.ThrowsAsync<StreamingException>(async () => await TrainAsync("a"));
        Assert.Equal("data_file_missing", error.Code);
        Assert.Equal(["a-encoder"], _folder.EnumerateDirectories("a*").Select(d => d.Name));
    }

    private async Task<ModelBundle> TrainAsync(string name)
    {
        var encoder = HashEncoder.NewBundle(PathOf(name + "-encoder"), [.. Places, .. People, .. Plain, "fine", "awful"]);
        await using var runner = new HashEncoder();
        var recipe = RecipeLoader.Parse(System.Text.Encoding.UTF8.GetBytes(Recipe), "small.yaml");
        return await new HeadTraining(encoder, runner, _folder.FullName).TrainAsync(recipe, PathOf(name), overwrite: false, null, CancellationToken.None);
    }

    private void WriteConll(string name, SeededRandom random, int sentences, bool withPlaces)
    {
        var text = new System.Text.StringBuilder();
        for (var s = 0; s < sentences; s++)
        {
            for (var w = 0; w < 4 + random.Next(6); w++)
            {
                switch (random.Next(5))
                {
                    case 0:
                        text.Append(Places[random.Next(Places.Length)]).Append(withPlaces ? " B-place\n" : " O\n");
                        break;
                    case 1:
                        text.Append(People[random.Next(People.Length)]).Append(withPlaces ? " B-person\n" : " B-PER\n");
                        break;
                    default:
                        text.Append(Plain[random.Next(Plain.Length)]).Append(" O\n");
                        break;
                }
            }

            text.Append('\n');
        }

        File.WriteAllText(PathOf(name), text.ToString());
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);
}
