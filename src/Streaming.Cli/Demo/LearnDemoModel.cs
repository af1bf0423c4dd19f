using Streaming.Adapters.Onnx.Running;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Blending;
using Streaming.Learning.Retraining;
using Streaming.Text.Tokenization;

namespace Streaming.Cli.Demo;

/// <summary>The weak model that the learning demo begins with, and how good a model is on the frozen test set.</summary>
internal static class LearnDemoModel
{
    /// <summary>Name of the bundle.</summary>
    public const string Name = "learning-demo";

    private static readonly string[] Types = ["PER", "LOC", "ORG", "MISC"];

    /// <summary>Makes the bundle: the starter's encoder, and a head for names that has seen only the few sentences of the seed file.</summary>
    public static async Task<ModelBundle> MakeAsync(CliContext context, string data, string seedFile, CancellationToken cancellationToken)
    {
        var starter = ModelBundle.Open(BundleLocator.Find(context, data, "starter"));
        var head = new HeadManifest
        {
            Name = "ner",
            Task = HeadTask.Ner,
            Kind = HeadKind.Crf,
            Unit = HeadUnit.Token,
            Labels = ["O", .. Types.SelectMany(static type => new[] { $"B-{type}", $"I-{type}" })],
            Layers = starter.Manifest.Encoder.Layers,
            WordShape = true,
            File = "heads/ner.safetensors",
        };
        await using var runner = Runner(starter);
        var learner = new HeadLearner(TokenizerLoader.Load(starter), runner, head);
        var scratch = Path.Combine(data, "seed.bf16");
        using var set = await learner.PrepareAsync(LearningSample.ReadFile(seedFile, head), scratch, null, cancellationToken);
        var trained = await learner.FitAsync(set, new BlendSettings { Strategy = BlendStrategy.Original, Epochs = 20, BatchSize = 8 }, null, null, cancellationToken);
        using var writer = new ModelBundleWriter(Path.Combine(data, "models", Name), overwrite: true);
        var heads = starter.Manifest.Heads.Select(static old => old.File).ToHashSet(StringComparer.Ordinal);
        foreach (var path in starter.Manifest.Files.Keys.Where(path => !heads.Contains(path)).Order(StringComparer.Ordinal))
            writer.AddFrom(starter, path);
        writer.Add(head.File, trained.ToSafetensors());
        return writer.Complete(starter.Manifest with
        {
            Name = Name,
            Version = "0.1.0",
            Parent = $"{starter.Manifest.Name}@{starter.Manifest.Version}",
            Heads = [trained.Manifest],
            Training = null,
        });
    }

    /// <summary>F1 of a bundle's head for names on the frozen test set.</summary>
    public static async Task<double> MeasureAsync(ModelBundle bundle, string testFile, CancellationToken cancellationToken)
    {
        var head = bundle.Manifest.Heads.First(static head => head.Task == HeadTask.Ner);
        await using var runner = Runner(bundle);
        var learner = new HeadLearner(TokenizerLoader.Load(bundle), runner, head);
        var measured = await learner.MeasureAsync([HeadLearner.Read(bundle, head)], LearningSample.ReadFile(testFile, head), cancellationToken);
        return measured[0].MicroF1;
    }

    private static OnnxModelRunner Runner(ModelBundle bundle) => OnnxModelRunner.Open(bundle, new OnnxRunnerOptions { Device = "cpu", IntraOpThreads = 1, MaxConcurrent = 2 });
}
