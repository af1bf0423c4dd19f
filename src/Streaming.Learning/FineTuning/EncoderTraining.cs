using Streaming.Core;
using Streaming.Core.Models.Bundle;
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
            var training = new HeadTraining(encoder, runner, dataRoot) { Tuned = heads, Policy = settings.Heads };
            return await training.TrainAsync(recipe, directory, overwrite, progress, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private static string Identity(TrainingRecipe recipe) => $"{recipe.Sha256} {string.Join(',', recipe.Heads.Select(h => h.Name))} {recipe.Seed}";

    private (IReadOnlyDictionary<string, TrainedHead> Heads, IReadOnlyList<string> Texts) Tune(
        TrainingRecipe recipe, FineTuningSettings settings, TuningFiles files, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var pretrained = EncoderCheckpoint.Load(checkpoint);
        var encoder = new RowEncoder(importer.OpenTokenizer(checkpoint), settings.MaxLength);
        var tasks = Tasks(recipe, settings, encoder);
        try
        {
            var contrastive = settings.Contrastive is { } contrast
                ? new ContrastiveStage(contrast, settings, tasks.Single(t => t.Recipe.Name == contrast.Head), encoder, tasks.Count)
                : null;
            using var model = backend.Create(Options(recipe, settings, pretrained, tasks, contrastive));
            if (settings.MaxLength > model.Info.MaxSequenceLength)
                throw new StreamingException("recipe_invalid", $"max_length is {settings.MaxLength}; the encoder takes at most {model.Info.MaxSequenceLength} tokens.");
            var loop = new TuningLoop(tasks, contrastive, model, settings);
            if (!Resume || !files.Load(loop, model))
                files.Clear();
            Say?.Invoke(string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"fine-tuning by {model.Info.Backend} on {model.Info.Device}: {model.Info.TrainableParameters:N0} of {model.Info.Parameters:N0} parameters, {loop.Steps} steps of {settings.MaxBatchTokens * settings.Accumulation} tokens at most"));
            using (var log = new TrainingLog(Path.GetDirectoryName(files.Checkpoint)!, time))
                Run(loop, model, files, pretrained, tasks, log, progress, cancellationToken);
            var best = files.ReadBest();
            files.WriteCheckpoint(checkpoint, pretrained, best);
            return (Heads(tasks, best), CalibrationSample(tasks, recipe.Seed));
        }
        finally
        {
            foreach (var task in tasks)
                task.Dispose();
        }
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

    private List<TuningTask> Tasks(TrainingRecipe recipe, FineTuningSettings settings, RowEncoder encoder)
    {
        var loader = new SampleLoader(dataRoot);
        var tasks = new List<TuningTask>();
        foreach (var head in recipe.Heads)
        {
            TuningTask task = head.IsTagger
                ? new TaggingTask(head, tasks.Count, settings, loader, encoder, (ulong)recipe.Seed)
                : new ClassifyingTask(head, tasks.Count, settings, loader, encoder, (ulong)recipe.Seed);
            tasks.Add(task);
            if (task.Train.Count == 0)
                throw new StreamingException("data_empty", $"The head '{head.Name}' has no training text that is not also in its dev or test data.");
        }

        return tasks;
    }

    private static TrainableModelOptions Options(
        TrainingRecipe recipe, FineTuningSettings settings, EncoderCheckpoint pretrained, List<TuningTask> tasks, ContrastiveStage? contrastive)
    {
        var hidden = Hidden(pretrained);
        var heads = tasks.ConvertAll(t => t.ToTrainable(hidden));
        if (contrastive is not null)
            heads.Add(contrastive.ToTrainable(hidden));
        return new TrainableModelOptions
        {
            Checkpoint = pretrained,
            Heads = heads,
            Dropout = settings.Dropout,
            FreezeEmbeddings = settings.FreezeEmbeddings,
            FrozenLayers = settings.FreezeLayers,
            Lora = settings.Lora,
            LayerDecay = settings.LayerDecay,
            HeadLearningRateFactor = settings.HeadLearningRateFactor,
            WeightDecay = settings.WeightDecay,
            MaxGradientNorm = settings.MaxGradientNorm,
            Seed = (ulong)recipe.Seed,
            Threads = settings.Threads,
            Device = settings.Device,
            Precision = settings.Precision,
        };
    }

    private static int Hidden(EncoderCheckpoint pretrained)
    {
        try
        {
            using var config = System.Text.Json.JsonDocument.Parse(pretrained.Config);
            var root = config.RootElement;
            if (root.TryGetProperty("hidden_size", out var size) || root.TryGetProperty("dim", out size))
                return size.GetInt32();
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException or FormatException)
        {
            throw new StreamingException("model_config_invalid", $"config.json is refused: {e.Message}", ExitCode.Usage, e);
        }

        throw new StreamingException("model_config_invalid", "config.json is refused: it has no hidden_size.");
    }

    private static Dictionary<string, TrainedHead> Heads(List<TuningTask> tasks, Dictionary<string, float[]> best) => tasks.ToDictionary(
        t => t.Recipe.Name,
        t => t.ToHead(HeadContext.Manifest(t.Recipe), best, best.GetValueOrDefault(TuningFiles.TailName(t)) ?? []),
        StringComparer.Ordinal);

    /// <summary>As many texts of each task: what the encoder will see fixes its activation ranges.</summary>
    private static List<string> CalibrationSample(List<TuningTask> tasks, long seed)
    {
        var sample = new List<string>();
        foreach (var task in tasks)
        {
            var texts = task.TrainTexts.Where(t => t.Length >= 20).ToArray();
            new SeededRandom((ulong)seed).Shuffle(texts.AsSpan());
            sample.AddRange(texts.Take(CalibrationTexts / tasks.Count));
        }

        return sample;
    }
}
