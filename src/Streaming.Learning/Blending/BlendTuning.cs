using Streaming.Core;
using Streaming.Learning.Data;
using Streaming.Learning.FineTuning;
using Streaming.Learning.Recipes;
using Streaming.Learning.Retraining;
using Streaming.Learning.Training;

namespace Streaming.Learning.Blending;

/// <summary>
/// Fine-tunes an encoder with a tagging head on blended labels: in each epoch the units that the blend draws for it, once each. The rate
/// rises over the first epoch's warm-up and then follows the blend: constant, or a little lower every epoch.
/// </summary>
public sealed class BlendTuning
{
    private readonly Func<TaggingTask> _makeTask;
    private readonly EncoderCheckpoint _pretrained;
    private readonly ITrainingBackend _backend;
    private readonly FineTuningSettings _tuning;
    private readonly long _testTokens;
    private readonly ILookup<int, TuningRow> _rows;
    private readonly bool[] _isDistilled;

    /// <summary>Makes rows of samples, which serve any number of trainings.</summary>
    /// <param name="recipe">Its first head, a tagger, is trained as <c>fine_tuning</c> says; its data is not read.</param>
    /// <param name="checkpoint">Hugging Face folder.</param>
    /// <param name="backend">What differentiates.</param>
    /// <param name="importer">Gives the tokeniser.</param>
    /// <param name="samples">Texts to learn from, tagged.</param>
    /// <param name="test">Texts to measure on.</param>
    /// <exception cref="StreamingException"><c>recipe_invalid</c>: it fine-tunes nothing, or no tagger.</exception>
    public BlendTuning(
        TrainingRecipe recipe, string checkpoint, ITrainingBackend backend, IEncoderImporter importer, IReadOnlyList<LearningSample> samples, IReadOnlyList<TaggedText> test)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(importer);
        ArgumentNullException.ThrowIfNull(samples);
        if (recipe.FineTuning is not { } tuning || !recipe.Heads[0].IsTagger)
            throw new StreamingException("recipe_invalid", $"The recipe '{recipe.Name}' must have a section fine_tuning, and a head that tags first.");
        // All of the test set: what is measured here is the result, not a stop on the way.
        (_backend, _tuning) = (backend, tuning with { DevLimit = 0 });
        _pretrained = EncoderCheckpoint.Load(checkpoint);
        _isDistilled = [.. samples.Select(static sample => sample.IsDistilled)];
        var splits = new Splits<TaggedText>([.. samples.Select(static sample => sample.Tagged!)], [.. test], [], new Dictionary<DataSource, long>());
        var encoder = new RowEncoder(importer.OpenTokenizer(checkpoint), tuning.MaxLength);
        _makeTask = () => new TaggingTask(recipe.Heads[0], 0, _tuning, splits, encoder, (ulong)recipe.Seed);
        using var task = _makeTask();
        _rows = task.Train.ToLookup(static row => row.Text);
        _testTokens = task.DevTokens;
    }

    /// <summary>Tokens of a training, padding counted, and of measuring the result.</summary>
    public (long Training, long Measuring) Tokens(BlendSettings blend)
    {
        var training = Plan(blend).SelectMany(static epoch => epoch).Sum(static batch => (long)batch.Count * batch.Max(static row => row.Ids.Length));
        return (training, _testTokens);
    }

    /// <summary>Trains from the checkpoint.</summary>
    /// <param name="blend">Blend, epochs, decay and seed; the highest rate is the recipe's.</param>
    /// <param name="maxSteps">Ends it after so many steps, without measuring: for knowing what a step takes. 0: never.</param>
    /// <param name="progress">Told steps done, of how many, and the loss; may be null.</param>
    /// <param name="cancellationToken">Ends it between steps.</param>
    /// <returns>Micro F1 on the test texts, and tokens that were trained on.</returns>
    public (double MicroF1, long Tokens) Train(BlendSettings blend, int maxSteps, Action<int, int, double>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(blend);
        var plan = Plan(blend);
        var (steps, warmup) = (plan.Sum(static epoch => epoch.Count), Math.Max(1, (int)(_tuning.Warmup * plan.Sum(static epoch => epoch.Count))));
        using var task = _makeTask();
        using var model = _backend.Create(Options(task, blend.Seed));
        var (step, tokens) = (0, 0L);
        for (var epoch = 0; epoch < plan.Count; epoch++)
        {
            foreach (var batch in plan[epoch])
            {
                cancellationToken.ThrowIfCancellationRequested();
                var loss = task.Accumulate(model, batch);
                var factor = Math.Min(1, (step + 1.0) / warmup) * Math.Pow(blend.RateDecay, epoch);
                var norm = model.Update(_tuning.LearningRate * factor);
                task.Tail.Update(_tuning.ChainLearningRate * factor);
                if (!double.IsFinite(norm))
                    throw new StreamingException("training_diverged", $"At step {step} a gradient was no finite number. Lower learning_rate or lengthen warmup.", ExitCode.CheckFailed);
                tokens += (long)batch.Count * batch.Max(static row => row.Ids.Length);
                step++;
                progress?.Invoke(step, steps, loss.Mean);
                if (maxSteps > 0 && step == maxSteps)
                    return (0, tokens);
            }
        }

        return (task.Measure(model, cancellationToken)[0].Value, tokens);
    }

    /// <summary>Batches of each epoch: sorted by length, so that little is padding, then shuffled.</summary>
    private List<List<List<TuningRow>>> Plan(BlendSettings blend)
    {
        var sampler = new BlendSampler(blend, _isDistilled);
        var plan = new List<List<List<TuningRow>>>();
        for (var epoch = 0; epoch < blend.Epochs; epoch++)
        {
            var rows = sampler.UnitsOf(epoch).SelectMany(unit => _rows[unit]).ToArray();
            var random = new SeededRandom(blend.Seed + ((ulong)(epoch + 1) * 0xD1B54A32D192ED03UL));
            random.Shuffle(rows.AsSpan());
            var batches = RowBatch.Cut(rows.OrderByDescending(static row => row.Ids.Length), _tuning.MaxBatchTokens);
            random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(batches));
            plan.Add(batches);
        }

        return plan;
    }

    private TrainableModelOptions Options(TaggingTask task, ulong seed) => new()
    {
        Checkpoint = _pretrained,
        Heads = [task.ToTrainable(TuningSetup.Hidden(_pretrained))],
        Dropout = _tuning.Dropout,
        FreezeEmbeddings = _tuning.FreezeEmbeddings,
        FrozenLayers = _tuning.FreezeLayers,
        Lora = _tuning.Lora,
        LayerDecay = _tuning.LayerDecay,
        HeadLearningRateFactor = _tuning.HeadLearningRateFactor,
        WeightDecay = _tuning.WeightDecay,
        MaxGradientNorm = _tuning.MaxGradientNorm,
        Seed = seed,
        Threads = _tuning.Threads,
        Device = _tuning.Device,
        Precision = _tuning.Precision,
    };
}
