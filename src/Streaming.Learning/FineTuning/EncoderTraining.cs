using System.Globalization;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Blending;
using Streaming.Learning.Data;
using Streaming.Learning.Recipes;
using Streaming.Learning.Training;

namespace Streaming.Learning.FineTuning;

/// <summary>
/// Trains encoder and heads of a recipe together, on any backend; then imports the encoder the way every checkpoint is imported, keeps or fits
/// anew the heads on it, calibrates and measures them with it, and writes the bundle.
/// </summary>
/// <param name="checkpoint">Hugging Face folder to start from.</param>
/// <param name="backend">What differentiates.</param>
/// <param name="importer">Makes the trained checkpoint serve.</param>
/// <param name="dataRoot">Folder that the recipe's files are relative to.</param>
/// <param name="time">Clock.</param>
public sealed class EncoderTraining(string checkpoint, ITrainingBackend backend, IEncoderImporter importer, string dataRoot, TimeProvider time) : IModelTrainer
{
    private const int CalibrationTexts = 400;

    /// <summary>Folder for state, log and the trained checkpoint; null: a scratch folder that goes afterwards.</summary>
    public string? WorkDirectory { get; init; }

    /// <summary>Whether to go on from the state that lies in <see cref="WorkDirectory"/>, if one does.</summary>
    public bool Resume { get; init; }

    /// <summary>Told in a line what is about to run.</summary>
    public Action<string>? Say { get; init; }

    /// <inheritdoc/>
    public async ValueTask<ModelBundle> TrainAsync(
        TrainingRecipe recipe, string directory, bool overwrite, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var settings = recipe.FineTuning ?? throw new StreamingException("recipe_invalid", $"The recipe '{recipe.Name}' has no section fine_tuning.");
        var scratch = Directory.CreateTempSubdirectory("streaming-tune-");
        try
        {
            var files = new TuningFiles(WorkDirectory ?? Path.Combine(scratch.FullName, "work"), Identity(recipe));
            var (heads, texts) = await Task.Run(() => Tune(recipe, settings, files, progress, cancellationToken), cancellationToken).ConfigureAwait(false);
            progress?.Report(new TrainingProgress("", "import", 0, 0));
            int[] layers = [.. recipe.Heads.SelectMany(h => h.Layers).Distinct().Order()];
            var encoder = await importer.ImportAsync(files.Checkpoint, Path.Combine(scratch.FullName, "encoder"), layers, texts, cancellationToken).ConfigureAwait(false);
            await using var runner = importer.Open(encoder, layers);
            var training = new HeadTraining(encoder, runner, dataRoot) { Tuned = heads, Policy = settings.Heads, FineTuned = Describe(settings) };
            return await training.TrainAsync(recipe, directory, overwrite, progress, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    // The folder's name only: where it lies on this machine is nobody's business.
    private string Describe(FineTuningSettings settings)
    {
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(checkpoint)));
        var length = settings.Steps > 0 ? $"{settings.Steps} steps" : $"{settings.Epochs:0.###} epochs";
        return string.Create(CultureInfo.InvariantCulture, $"{name} by {backend.Name}, {length}{(settings.Lora is { } lora ? $", LoRA of rank {lora.Rank}" : "")}{(settings.Blend is { } blend ? $", blend {BlendStrategies.NameOf(blend.Strategy)}" : "")}");
    }

    private static string Identity(TrainingRecipe recipe) => $"{recipe.Sha256} {string.Join(',', recipe.Heads.Select(h => h.Name))} {recipe.Seed}";

    private (IReadOnlyDictionary<string, TrainedHead> Heads, IReadOnlyList<string> Texts) Tune(
        TrainingRecipe recipe, FineTuningSettings settings, TuningFiles files, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var pretrained = EncoderCheckpoint.Load(checkpoint);
        using var setup = new TuningSetup(recipe, checkpoint, pretrained, backend, importer, dataRoot);
        var (loop, model) = (setup.Loop, setup.Model);
        if (!Resume || !files.Load(loop, model))
            files.Clear();
        Say?.Invoke(string.Create(
            CultureInfo.InvariantCulture,
            $"fine-tuning by {model.Info.Backend} on {model.Info.Device}: {model.Info.TrainableParameters:N0} of {model.Info.Parameters:N0} parameters, {loop.Steps} steps of {settings.MaxBatchTokens * settings.Accumulation} tokens at most"));
        using (var log = new TrainingLog(files.Directory, time))
            Run(loop, model, files, pretrained, setup.Tasks, log, progress, cancellationToken);
        var best = files.ReadBest();
        files.WriteCheckpoint(checkpoint, pretrained, best);
        return (Heads(setup.Tasks, best), CalibrationSample(setup.Tasks, recipe.Seed));
    }

    private void Run(
        TuningLoop loop, ITrainableModel model, TuningFiles files, EncoderCheckpoint pretrained, IReadOnlyList<TuningTask> tasks, TrainingLog log,
        IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        try
        {
            loop.Run(log, time, () => files.KeepBest(model, pretrained, tasks), () => SaveState(loop, model, files), progress, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Between two steps, so what is written is whole.
            SaveState(loop, model, files);
            throw;
        }
    }

    private void SaveState(TuningLoop loop, ITrainableModel model, TuningFiles files)
    {
        // Without a folder of its own nobody can come back to it.
        if (WorkDirectory is not null)
            files.Save(loop, model);
    }

    private static Dictionary<string, TrainedHead> Heads(IReadOnlyList<TuningTask> tasks, Dictionary<string, float[]> best) => tasks.ToDictionary(
        t => t.Recipe.Name,
        t => t.ToHead(HeadContext.Manifest(t.Recipe), best, best.GetValueOrDefault(TuningFiles.TailName(t)) ?? []),
        StringComparer.Ordinal);

    /// <summary>As many texts of each task: what the encoder will see fixes its activation ranges.</summary>
    private static List<string> CalibrationSample(IReadOnlyList<TuningTask> tasks, long seed)
    {
        var sample = new List<string>();
        foreach (var task in tasks)
        {
            var texts = task.TrainTexts.Select(static t => t.Text).Where(static t => t.Length >= 20).ToArray();
            new SeededRandom((ulong)seed).Shuffle(texts.AsSpan());
            sample.AddRange(texts.Take(CalibrationTexts / tasks.Count));
        }

        return sample;
    }
}
