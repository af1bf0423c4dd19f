using System.Text;
using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Registry;
using Streaming.Learning.Blending;
using Streaming.Learning.Promotion;
using Streaming.Learning.Recipes;
using Streaming.Learning.Retraining;
using Streaming.Learning.Tests.FineTuning;
using Streaming.Learning.Tests.Training;
using Streaming.Learning.Training;
using Streaming.Testing.Fakes;

namespace Streaming.Learning.Tests.Retraining;

/// <summary>A weak model in a registry, frozen test sets, and labels, on an encoder without a network: one that stays as it is, or one that is trained too.</summary>
internal sealed class RetrainWorld : IDisposable
{
    private static readonly string[] Places = ["paris", "rome", "oslo", "cairo", "lima", "quito"];
    private static readonly string[] People = ["anna", "bob", "carla", "dora", "emil"];
    private static readonly string[] Plain = ["we", "went", "to", "see", "and", "then", "home", "with", "from", "by"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streaming-retrain-");
    private readonly SeededRandom _random = new(17);
    private readonly TinyImporter? _importer;
    private int _next;

    private RetrainWorld(bool isTuned)
    {
        _importer = isTuned ? new TinyImporter() : null;
        Registry = new ModelRegistry(Path.Combine(_folder.FullName, "registry"), TimeProvider.System);
        File.WriteAllLines(TestFile, Enumerable.Range(0, 150).Select(_ => Line(Sentence())));
        if (!isTuned)
            return;
        File.WriteAllLines(MoodTests, Enumerable.Range(0, 150).Select(_ => Mood(Sentence())));
        File.WriteAllLines(MoodOriginals, Enumerable.Range(0, 200).Select(_ => Mood(Sentence())));
    }

    public ModelRegistry Registry { get; }

    public InMemorySampleStore Samples { get; } = new();

    public string TestFile => Path.Combine(_folder.FullName, "test.jsonl");

    /// <summary>Frozen test set of the head on whole texts: does a sentence name more people than places.</summary>
    public string MoodTests => Path.Combine(_folder.FullName, "moods.test.jsonl");

    /// <summary>Texts that people labelled beforehand for it.</summary>
    public string MoodOriginals => Path.Combine(_folder.FullName, "moods.jsonl");

    public RetrainPlan Plan { get; set; } = null!;

    /// <summary>What differentiates, where the encoder is trained.</summary>
    public TinyBackend Backend { get; } = new();

    /// <summary>Folder that such a training starts from.</summary>
    public string Checkpoint => Path.Combine(_folder.FullName, "checkpoint");

    public ModelBundle InForce => Registry.Open(Registry.Channel(Plan.Name, ModelChannel.Stable).Current);

    /// <summary>With one head, for names.</summary>
    public static Task<RetrainWorld> CreateAsync(int seed = 12) => CreateAsync(seed, isTuned: false, "ner");

    /// <summary>With an encoder that can be trained, and one head for names or another for whole texts too.</summary>
    public static Task<RetrainWorld> CreateTunedAsync(params string[] heads) => CreateAsync(8, isTuned: true, heads);

    private static async Task<RetrainWorld> CreateAsync(int seed, bool isTuned, params string[] heads)
    {
        var world = new RetrainWorld(isTuned);
        world.Plan = new RetrainPlan
        {
            Topology = "t",
            Name = isTuned ? "tiny" : "hash",
            Tasks = [HeadTask.Ner],
            Tests = new Dictionary<HeadTask, string> { [HeadTask.Ner] = world.TestFile },
            Blend = new BlendSettings { Epochs = 6, LearningRate = 0.02, BatchSize = 8 },
            Gate = new GateSettings { MaxReplayChange = 1, MaxLatencyRatio = 1_000 },
        };
        var bundle = await world.WeakAsync(seed, heads);
        await world.Registry.PromoteAsync(ModelChannel.Stable, await world.Registry.AddAsync(bundle, default), new ModelDecision(ModelDecision.Seed, ["first"]), default);
        return world;
    }

    public RetrainCycle Cycle(Action<string>? beforeStep = null, Func<TrainedHead, TrainedHead>? spoil = null) =>
        new(Registry, Samples, Open, Plan, TimeProvider.System) { BeforeStep = beforeStep, Spoil = spoil };

    /// <summary>A cycle that trains the encoder too.</summary>
    /// <param name="recipe">How.</param>
    /// <param name="beforeStep">Told each step.</param>
    /// <param name="progress">Told how far the training is.</param>
    /// <param name="time">Clock of the cycle.</param>
    /// <param name="open">Opens encoders.</param>
    /// <param name="recent">Texts that the gate replays.</param>
    public RetrainCycle TuningCycle(
        string recipe, Action<string>? beforeStep = null, IProgress<TrainingProgress>? progress = null, TimeProvider? time = null, Func<ModelBundle, IModelRunner>? open = null, IReadOnlyList<string>? recent = null) =>
        new(Registry, Samples, open ?? Open, Plan, time ?? TimeProvider.System)
        {
            BeforeStep = beforeStep,
            Progress = progress,
            RecentTexts = recent is null ? null : _ => ValueTask.FromResult(recent),
            Tuning = new EncoderRetraining(RecipeLoader.Parse(Encoding.UTF8.GetBytes(recipe), "recipe.yaml"), Checkpoint, Backend, _ => _importer!, TimeProvider.System),
        };

    /// <summary>An encoder.</summary>
    public IModelRunner Open(ModelBundle bundle) => _importer is null ? new HashEncoder() : _importer.Open(bundle, bundle.Manifest.Encoder.Layers);

    /// <summary>Adds labels.</summary>
    /// <param name="count">How many.</param>
    /// <param name="label">Turns a true label into what is said; null leaves the span out.</param>
    /// <param name="source">Where the texts come from.</param>
    /// <param name="control">For the control slice.</param>
    public async Task LabelAsync(int count, Func<string, string?>? label = null, string source = "web", bool control = false, LabellerKind kind = LabellerKind.Replay)
    {
        var samples = new List<LabelledSample>();
        for (var i = 0; i < count; i++)
        {
            var (text, spans) = Sentence();
            var id = $"r{_next++}";
            samples.Add(new LabelledSample
            {
                Id = LabelledSample.IdOf(id, LabelTask.Entities, kind, "l"),
                RequestId = id,
                DocumentId = "d" + id,
                Task = LabelTask.Entities,
                Text = text,
                Spans = [.. spans.Select(span => (span, Said: label is null ? span.Label : label(span.Label))).Where(static s => s.Said is not null).Select(static s => s.span with { Label = s.Said! })],
                Validity = SampleValidity.Valid,
                Labeller = "l",
                LabellerKind = kind,
                ControlSlice = control,
                Source = source,
                Topology = "t",
                LabelledAt = DateTimeOffset.UnixEpoch.AddSeconds(_next),
            });
        }

        await Samples.AddSamplesAsync(samples, default);
    }

    /// <summary>Goes back by hand; in memory of this process the turn is free, so it ends at once.</summary>
    public void RollBack() => Registry.RollBackAsync(Plan.Name, ModelChannel.Stable, null, new ModelDecision(ModelDecision.Person, ["back"]), default).AsTask().GetAwaiter().GetResult();

    public void Dispose() => _folder.Delete(recursive: true);

    private (string Text, List<SampleSpan> Spans) Sentence()
    {
        var text = new StringBuilder();
        var spans = new List<SampleSpan>();
        var words = 5 + _random.Next(5);
        for (var i = 0; i < words; i++)
        {
            if (i > 0)
                text.Append(' ');
            var kind = _random.Next(4);
            var word = kind switch { 0 => Places[_random.Next(Places.Length)], 1 => People[_random.Next(People.Length)], _ => Plain[_random.Next(Plain.Length)] };
            if (kind < 2)
                spans.Add(new SampleSpan(text.Length, text.Length + word.Length, kind == 0 ? "LOC" : "PER"));
            text.Append(word);
        }

        return (text.ToString(), spans);
    }

    private static string Line((string Text, List<SampleSpan> Spans) sentence) =>
        $$"""{"text":{{JsonSerializer.Serialize(sentence.Text)}},"spans":[{{string.Join(',', sentence.Spans.Select(static s => $$"""{"start":{{s.Start}},"end":{{s.End}},"label":"{{s.Label}}"}"""))}}]}""";

    private static string Mood((string Text, List<SampleSpan> Spans) sentence) =>
        $$"""{"text":{{JsonSerializer.Serialize(sentence.Text)}},"label":"{{(sentence.Spans.Count(static span => span.Label == "PER") > sentence.Spans.Count(static span => span.Label == "LOC") ? "personal" : "impersonal")}}"}""";

    /// <summary>Heads that have seen a few sentences only.</summary>
    private async Task<ModelBundle> WeakAsync(int seed, string[] names)
    {
        string[] words = [.. Places, .. People, .. Plain];
        var folder = Path.Combine(_folder.FullName, "encoder");
        var encoder = _importer is null
            ? HashEncoder.NewBundle(folder, words)
            : await _importer.ImportAsync(TinyImporter.NewCheckpoint(Checkpoint, words), folder, [1, 2], [], default);
        await using var runner = Open(encoder);
        using var writer = new ModelBundleWriter(Path.Combine(_folder.FullName, "weak"));
        foreach (var path in encoder.Manifest.Files.Keys)
            writer.AddFrom(encoder, path);
        var heads = new List<HeadManifest>();
        foreach (var name in names)
        {
            var head = name == "ner"
                ? new HeadManifest
                {
                    Name = "ner", Task = HeadTask.Ner, Kind = HeadKind.Crf, Unit = HeadUnit.Token, Labels = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"],
                    Layers = [1, 2], File = "heads/ner.safetensors",
                }
                : new HeadManifest
                {
                    Name = name, Task = HeadTask.Sentiment, Kind = HeadKind.Softmax, Unit = HeadUnit.Document, Labels = ["impersonal", "personal"],
                    Layers = [1, 2], File = $"heads/{name}.safetensors",
                };
            var few = Path.Combine(_folder.FullName, "few.jsonl");
            File.WriteAllLines(few, Enumerable.Range(0, seed).Select(_ => name == "ner" ? Line(Sentence()) : Mood(Sentence())));
            var learner = new HeadLearner(Streaming.Text.Tokenization.TokenizerLoader.Load(encoder), runner, head);
            using var set = await learner.PrepareAsync(LearningSample.ReadFile(few, head), Path.Combine(_folder.FullName, "few.bf16"), null, default);
            var trained = await learner.FitAsync(set, new BlendSettings { Epochs = 2, LearningRate = 0.01 }, null, null, default);
            writer.Add(head.File, trained.ToSafetensors());
            heads.Add(trained.Manifest);
        }

        return writer.Complete(encoder.Manifest with { Version = "1", Parent = $"{Plan.Name}@0", Heads = heads });
    }
}
