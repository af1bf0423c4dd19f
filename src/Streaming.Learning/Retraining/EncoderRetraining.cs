using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Labelling;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Blending;
using Streaming.Learning.Data;
using Streaming.Learning.FineTuning;
using Streaming.Learning.Recipes;
using Streaming.Learning.Training;

namespace Streaming.Learning.Retraining;

/// <summary>
/// Fine-tunes the encoder and all heads of a bundle in a retraining: always from the same checkpoint, on all labels there are, so that
/// cycles do not pile up on one another. The recipe says how; its data is not read: the labels, and the texts that people labelled
/// beforehand, are put in its place.
/// </summary>
public sealed class EncoderRetraining
{
    private const string Licence = "the owner of the stream's";

    private readonly TrainingRecipe _recipe;
    private readonly FineTuningSettings _tuning;
    private readonly string _checkpoint;
    private readonly ITrainingBackend _backend;
    private readonly Func<ModelBundle, IEncoderImporter> _importer;
    private readonly TimeProvider _time;

    /// <summary>Takes the recipe.</summary>
    /// <param name="recipe">With a section <c>fine_tuning</c> that goes by epochs, as blends do; its heads are those of the bundle.</param>
    /// <param name="checkpoint">Hugging Face folder to start from.</param>
    /// <param name="backend">What differentiates.</param>
    /// <param name="importer">What makes a trained checkpoint serve in the place of the bundle in force: in its precision.</param>
    /// <param name="time">Clock.</param>
    /// <exception cref="StreamingException"><c>recipe_invalid</c>.</exception>
    public EncoderRetraining(TrainingRecipe recipe, string checkpoint, ITrainingBackend backend, Func<ModelBundle, IEncoderImporter> importer, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        _tuning = recipe.FineTuning
            ?? throw new StreamingException("recipe_invalid", $"The recipe '{recipe.Name}' has no section fine_tuning. Add one, or take it out of retraining.fine_tuning: heads are trained without a recipe.");
        if (_tuning.Steps > 0)
            throw new StreamingException("recipe_invalid", $"The recipe '{recipe.Name}' counts steps; a retraining blends labels epoch by epoch. Say fine_tuning.epochs in the place of steps.");
        (_recipe, _checkpoint, _backend, _importer, _time) = (recipe, checkpoint, backend, importer, time);
    }

    /// <summary>Refuses what could not end well, before anything is begun: an encoder that is trained changes under every head.</summary>
    /// <param name="bundle">In force.</param>
    /// <param name="plan">Test sets and originals.</param>
    /// <param name="statistics">Of all labels.</param>
    /// <exception cref="StreamingException"><c>retraining_recipe_differs</c>, <c>retraining_task_unproven</c>, <c>retraining_task_untaught</c>.</exception>
    internal void Check(ModelBundle bundle, RetrainPlan plan, SampleStatistics statistics)
    {
        var heads = bundle.Manifest.Heads;
        if (_recipe.Heads.FirstOrDefault(own => !heads.Any(head => head.Name == own.Name)) is { } unknown)
            throw new StreamingException("retraining_recipe_differs", $"The recipe '{_recipe.Name}' has a head '{unknown.Name}', the bundle {bundle.Manifest.Name}@{bundle.Manifest.Version} has none, so nothing could be compared. Leave it out of the recipe.");
        foreach (var head in heads)
        {
            if (!_recipe.Heads.Any(own => own.Name == head.Name && own.Task == head.Task && own.Outputs.SequenceEqual(head.Labels)))
                throw new StreamingException("retraining_recipe_differs", $"The recipe '{_recipe.Name}' needs a head '{head.Name}' with the task and the labels of the one in force ({string.Join(", ", head.Labels)}), in that order.");
            if (head.Task is HeadTask.AspectCategory)
                throw new StreamingException("retraining_task_unproven", $"The head '{head.Name}' finds categories of aspects, for which there are no labels and no frozen test set. Leave retraining.fine_tuning away, or put a bundle without that head in force.");
            var task = LearningSample.TaskOf(head.Task);
            var word = task.ToName();
            if (!plan.Tasks.Contains(head.Task) || !plan.Tests.ContainsKey(head.Task))
                throw new StreamingException("retraining_task_unproven", $"The encoder changes under the head '{head.Name}' too, and nothing could be proven for it. Have the stage {word} in the chain and set retraining.test.{word}, or leave retraining.fine_tuning away.");
            if (!plan.Originals.ContainsKey(head.Task) && !statistics.Groups.Any(group => group.Task == task && group.Trainable > 0))
                throw new StreamingException("retraining_task_untaught", $"The encoder changes under the head '{head.Name}' too, and there is no label for it. Set retraining.originals.{word} to texts that it is taught with each time, or leave retraining.fine_tuning away.");
        }
    }

    /// <summary>Why these lessons cannot be learnt; null: they can.</summary>
    internal string? Obstacle(IReadOnlyList<Lesson> lessons, RetrainPlan plan)
    {
        foreach (var lesson in lessons)
        {
            if (lesson.Test.Count == 0)
                return $"The frozen test set of the head {lesson.Head.Name} is empty, so nothing could be proven.";
            var (train, heldOut) = lesson.Split(plan.CalibrationShare);
            if (train.Count == 0 || heldOut.Count == 0)
                return $"The head {lesson.Head.Name} has too few labelled texts ({lesson.Samples.Count}) to learn from some and to choose by others.";
            var blend = Blend(plan, 0);
            var sampler = new BlendSampler(blend, [.. train.Select(static sample => sample.IsDistilled)]);
            if (Enumerable.Range(0, blend.Epochs).All(epoch => sampler.UnitsOf(epoch).Length == 0))
                return $"The blend {BlendStrategies.NameOf(blend.Strategy)} leaves the head {lesson.Head.Name} nothing to learn from.";
        }

        return null;
    }

    /// <summary>Trains, and goes on where an earlier call with the same labels and settings was stopped.</summary>
    /// <param name="parent">In force.</param>
    /// <param name="lessons">One for each head.</param>
    /// <param name="plan">The blend; its epochs and rates are the recipe's.</param>
    /// <param name="salt">Added to the seed of the blend.</param>
    /// <param name="work">Folder of the retraining.</param>
    /// <param name="progress">Told how far it is; may be null.</param>
    /// <param name="cancellationToken">Ends it between steps.</param>
    /// <returns>A bundle of the recipe's name, in the folder.</returns>
    internal async Task<ModelBundle> TrainAsync(
        ModelBundle parent, IReadOnlyList<Lesson> lessons, RetrainPlan plan, ulong salt, string work, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var heads = _recipe.Heads.Select(head => WithData(head, lessons.First(lesson => lesson.Head.Name == head.Name), plan.CalibrationShare, files)).ToList();
        var identity = Identity(plan, salt, files);
        // What was trained otherwise, or on other labels, is not gone on with.
        var folder = Path.Combine(work, "tuning-" + identity[..16]);
        var bundle = Path.Combine(folder, "bundle");
        if (Directory.Exists(bundle))
            return ModelBundle.Open(bundle);
        var data = Directory.CreateDirectory(Path.Combine(folder, "data")).FullName;
        foreach (var (name, bytes) in files)
            await File.WriteAllBytesAsync(Path.Combine(data, name), bytes, cancellationToken).ConfigureAwait(false);
        var recipe = _recipe with
        {
            Sha256 = identity,
            Heads = heads,
            // Fitted anew, heads would not go by the blend.
            FineTuning = _tuning with { Heads = HeadPolicy.Keep, Blend = Blend(plan, salt) },
        };
        var training = new EncoderTraining(_checkpoint, _backend, _importer(parent), data, _time) { WorkDirectory = Path.Combine(folder, "state"), Resume = true };
        return await training.TrainAsync(recipe, bundle, overwrite: false, progress, cancellationToken).ConfigureAwait(false);
    }

    private BlendSettings Blend(RetrainPlan plan, ulong salt) => plan.Blend with { Epochs = Math.Max(1, (int)Math.Ceiling(_tuning.Epochs)), Seed = plan.Blend.Seed + salt };

    private string Identity(RetrainPlan plan, ulong salt, SortedDictionary<string, byte[]> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(plan, RetrainJson.OnDisk.RetrainPlan));
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\n{_recipe.Sha256}\n{_checkpoint}\n{_backend.Name}\n{salt}\n")));
        foreach (var (name, bytes) in files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            hash.AppendData(SHA256.HashData(bytes));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static HeadRecipe WithData(HeadRecipe head, Lesson lesson, double heldOutShare, SortedDictionary<string, byte[]> files)
    {
        var (train, heldOut) = lesson.Split(heldOutShare);
        return head with
        {
            FewShot = 0,
            Train =
            [
                .. Source("people", train.FindAll(static sample => !sample.IsDistilled)),
                .. Source("machines", train.FindAll(static sample => sample.IsDistilled)).Select(static source => source with { IsDistilled = true }),
            ],
            Dev = [.. Source("held-out", heldOut)],
            Test = [.. Source("test", lesson.Test)],
        };

        IEnumerable<DataSource> Source(string name, IReadOnlyList<LearningSample> samples)
        {
            if (samples.Count == 0)
                return [];
            var file = $"{head.Name}.{name}.jsonl";
            files.Add(file, Write(samples, head));
            return [new DataSource { Name = name, File = file, Format = DataFormat.Jsonl, Licence = Licence }];
        }
    }

    private static byte[] Write(IReadOnlyList<LearningSample> samples, HeadRecipe head)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        var writer = new DataWriter(text, DataFormat.Jsonl);
        foreach (var sample in samples)
        {
            writer.Write(sample.Tagged is { } tagged
                ? new SpannedText { Text = tagged.Text, Origin = head.Name, Spans = tagged.Characters ?? Iob2.ToCharacters(tagged.Spans, tagged.Words) }
                : new LabelledText { Text = sample.Text, Origin = head.Name, Labels = [head.Labels[sample.Classified!.Label]] });
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
