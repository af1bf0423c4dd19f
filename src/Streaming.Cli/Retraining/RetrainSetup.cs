using Streaming.Adapters.Onnx.Import;
using Streaming.Adapters.Onnx.Running;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Learning;
using Streaming.Cli.Models;
using Streaming.Core.Labelling;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Registry;
using Streaming.Core.Search;
using Streaming.Core.Topology;
using Streaming.Learning.Blending;
using Streaming.Learning.Promotion;
using Streaming.Learning.Recipes;
using Streaming.Learning.Retraining;
using Streaming.Learning.Training;

namespace Streaming.Cli.Retraining;

/// <summary>Makes what retraining needs of a topology's settings.</summary>
internal static class RetrainSetup
{
    private const int PageSize = 100;

    /// <summary>The plan of a topology.</summary>
    /// <param name="topology">The topology; paths in it are relative to its first file.</param>
    /// <param name="model">Name of the model in the registry.</param>
    public static RetrainPlan Plan(CompiledTopology topology, string model)
    {
        var settings = topology.Definition.Retraining;
        var folder = FolderOf(topology);
        return new RetrainPlan
        {
            Topology = topology.Name,
            Name = model,
            Channel = topology.Definition.Model.Channel ?? ModelChannel.Stable,
            Tasks = [.. Tasks.Where(pair => topology.Definition.HasStage(pair.Stage)).Select(static pair => pair.Task)],
            MinLabels = settings.MinLabels,
            Rollout = topology.Definition.Model.Rollout,
            Originals = Files(settings.Originals, folder),
            Tests = Files(settings.Test, folder),
            MaxSourceShare = settings.MaxSourceShare,
            Blend = new BlendSettings
            {
                Strategy = BlendStrategies.Parse(settings.Blend.Strategy),
                Epochs = settings.Blend.Epochs,
                LearningRate = settings.Blend.LearningRate,
                RateDecay = settings.Blend.RateDecay,
                K = settings.Blend.K,
                N = settings.Blend.N,
            },
            Gate = new GateSettings { MaxClassDrop = settings.MaxClassDrop, MaxCalibrationRise = settings.MaxCalibrationRise, Significance = settings.Significance, MaxReplayChange = settings.MaxReplayChange },
        };
    }

    /// <summary>A cycle that runs beside serving: one thread of its own.</summary>
    public static RetrainCycle Cycle(
        CliContext context, CompiledTopology topology, RetrainPlan plan, ModelRegistry registry, ISampleStore samples, ISearchIndex? index, IProgress<TrainingProgress>? progress = null)
    {
        var replayTexts = topology.Definition.Retraining.ReplayTexts;
        return new RetrainCycle(registry, samples, Runner(context), plan, context.Time)
        {
            Tuning = Tuning(context, topology),
            RecentTexts = index is null || replayTexts == 0 ? null : cancellationToken => RecentTextsAsync(index, replayTexts, cancellationToken),
            Progress = progress,
        };
    }

    /// <summary>What fine-tunes the encoder; null: nothing does. One thread where the recipe does not ask for more, and in the precision of what it takes the place of.</summary>
    private static EncoderRetraining? Tuning(CliContext context, CompiledTopology topology)
    {
        if (topology.Definition.Retraining.FineTuning is not { Recipe: { } file } section)
            return null;
        var recipe = RecipeLoader.Load(Path.GetFullPath(file, FolderOf(topology)));
        var threads = Math.Max(1, recipe.FineTuning?.Threads ?? 0);
        return new EncoderRetraining(
            recipe with { FineTuning = recipe.FineTuning is { } tuning ? tuning with { Threads = threads } : null },
            EncoderSource.Checkpoint(section.Checkpoint is { } told ? Path.GetFullPath(told, FolderOf(topology)) : recipe.Encoder ?? "starter"),
            TrainingBackends.Find(section.Backend ?? recipe.FineTuning?.Backend ?? "auto"),
            bundle => new OnnxEncoderImporter(context, ImportCommand.ParsePrecision(bundle.Manifest.Encoder.Precision), threads, new InlineProgress<EncoderImportProgress>(static _ => { })),
            context.Time);
    }

    /// <summary>The schedule of a topology; null: none.</summary>
    public static CronSchedule? Schedule(RetrainingSettings settings) => settings.Schedule is null ? null : CronSchedule.Parse(settings.Schedule, settings.TimeZone);

    private static readonly (string Stage, HeadTask Task)[] Tasks =
    [
        (StageRegistry.Entities, HeadTask.Ner), (StageRegistry.Topics, HeadTask.Topic), (StageRegistry.Sentiment, HeadTask.Sentiment), (StageRegistry.Aspects, HeadTask.Absa),
    ];

    /// <summary>Opens an encoder beside serving: one thread of its own.</summary>
    public static Func<ModelBundle, IModelRunner> Runner(CliContext context) => bundle => OnnxModelRunner.Open(
        bundle, new OnnxRunnerOptions { Device = "auto", IntraOpThreads = 1, MaxConcurrent = 1, Log = line => context.Say($"retraining: {line}") });

    private static string FolderOf(CompiledTopology topology) => Path.GetDirectoryName(Path.GetFullPath(topology.Files[0]))!;

    private static Dictionary<HeadTask, string> Files(TaskFiles files, string folder)
    {
        var result = new Dictionary<HeadTask, string>();
        foreach (var (task, file) in new[] { (HeadTask.Ner, files.Entities), (HeadTask.Topic, files.Topics), (HeadTask.Sentiment, files.Sentiment), (HeadTask.Absa, files.Aspects) })
        {
            if (file is not null)
                result[task] = Path.GetFullPath(file, folder);
        }

        return result;
    }

    private static async ValueTask<IReadOnlyList<string>> RecentTextsAsync(ISearchIndex index, int count, CancellationToken cancellationToken)
    {
        var texts = new List<string>();
        string? after = null;
        while (texts.Count < count)
        {
            var page = await index.SearchAsync(
                new SearchRequest { Size = Math.Min(PageSize, count - texts.Count), After = after, Order = SearchOrder.Newest, FacetSize = 0 }, cancellationToken);
            texts.AddRange(page.Hits.Select(static hit => hit.Document.Text));
            after = page.Next;
            if (after is null)
                break;
        }

        return texts;
    }
}
