using System.Text.Json;
using Streaming.Core;
using Streaming.Learning.Data;
using Streaming.Learning.Recipes;

namespace Streaming.Learning.FineTuning;

/// <summary>Everything a fine-tuning needs, made from a recipe: data as rows, the model, the loop.</summary>
internal sealed class TuningSetup : IDisposable
{
    private readonly List<TuningTask> _tasks = [];

    /// <param name="recipe">With a section <c>fine_tuning</c>.</param>
    /// <param name="checkpoint">Hugging Face folder.</param>
    /// <param name="pretrained">What lies in it.</param>
    /// <param name="backend">What differentiates.</param>
    /// <param name="importer">Gives the tokeniser.</param>
    /// <param name="dataRoot">Folder that the recipe's files are relative to.</param>
    public TuningSetup(TrainingRecipe recipe, string checkpoint, EncoderCheckpoint pretrained, ITrainingBackend backend, IEncoderImporter importer, string dataRoot)
    {
        var settings = recipe.FineTuning ?? throw new StreamingException("recipe_invalid", $"The recipe '{recipe.Name}' has no section fine_tuning.");
        var encoder = new RowEncoder(importer.OpenTokenizer(checkpoint), settings.MaxLength);
        try
        {
            AddTasks(recipe, settings, new SampleLoader(dataRoot), encoder);
            var contrastive = settings.Contrastive is { } contrast && _tasks.Find(t => t.Recipe.Name == contrast.Head) is { } task
                ? new ContrastiveStage(contrast, settings, task, encoder, _tasks.Count)
                : null;
            Model = backend.Create(Options(recipe, settings, pretrained, contrastive));
            if (settings.MaxLength > Model.Info.MaxSequenceLength)
                throw new StreamingException("recipe_invalid", $"max_length is {settings.MaxLength}; the encoder takes at most {Model.Info.MaxSequenceLength} tokens.");
            Loop = new TuningLoop(_tasks, contrastive, Model, settings);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The heads, in the recipe's order.</summary>
    public IReadOnlyList<TuningTask> Tasks => _tasks;

    /// <summary>The model.</summary>
    public ITrainableModel Model { get; }

    /// <summary>The steps.</summary>
    public TuningLoop Loop { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Model?.Dispose();
        foreach (var task in _tasks)
            task.Dispose();
    }

    private void AddTasks(TrainingRecipe recipe, FineTuningSettings settings, SampleLoader loader, RowEncoder encoder)
    {
        foreach (var head in recipe.Heads)
        {
            TuningTask task = head.IsTagger
                ? new TaggingTask(head, _tasks.Count, settings, loader, encoder, (ulong)recipe.Seed)
                : head.IsCategorizer ? new CategorizingTask(head, _tasks.Count, settings, loader, encoder, (ulong)recipe.Seed)
                : new ClassifyingTask(head, _tasks.Count, settings, loader, encoder, (ulong)recipe.Seed);
            _tasks.Add(task);
            if (task.Train.Count == 0)
                throw new StreamingException("data_empty", $"The head '{head.Name}' has no training text that is not also in its dev or test data.");
        }
    }

    private TrainableModelOptions Options(TrainingRecipe recipe, FineTuningSettings settings, EncoderCheckpoint pretrained, ContrastiveStage? contrastive)
    {
        var hidden = Hidden(pretrained);
        var heads = _tasks.ConvertAll(t => t.ToTrainable(hidden));
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

    /// <summary>Width of a checkpoint's hidden states.</summary>
    internal static int Hidden(EncoderCheckpoint pretrained)
    {
        try
        {
            using var config = JsonDocument.Parse(pretrained.Config);
            var root = config.RootElement;
            if (root.TryGetProperty("hidden_size", out var size) || root.TryGetProperty("dim", out size))
                return size.GetInt32();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new StreamingException("model_config_invalid", $"config.json is refused: {e.Message}", ExitCode.Usage, e);
        }

        throw new StreamingException("model_config_invalid", "config.json is refused: it has no hidden_size.");
    }
}
