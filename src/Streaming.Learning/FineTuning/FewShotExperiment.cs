using Streaming.Core;
using Streaming.Learning.Recipes;
using Streaming.Learning.Training;

namespace Streaming.Learning.FineTuning;

/// <summary>
/// What the contrastive stage brings when there is little data: the first head of a recipe, trained on a few sentences a type, with the stage and
/// without, by several draws, measured on the test data with the encoder as it was trained.
/// </summary>
/// <param name="checkpoint">Hugging Face folder to start from.</param>
/// <param name="backend">What differentiates.</param>
/// <param name="importer">Gives the tokeniser.</param>
/// <param name="dataRoot">Folder that the recipe's files are relative to.</param>
/// <param name="time">Clock.</param>
public sealed class FewShotExperiment(string checkpoint, ITrainingBackend backend, IEncoderImporter importer, string dataRoot, TimeProvider time)
{
    /// <summary>Runs every combination.</summary>
    /// <param name="recipe">With <c>fine_tuning.contrastive</c>; its first head tags words.</param>
    /// <param name="shots">Sentences a type.</param>
    /// <param name="seeds">Number of draws; seeds count up from the recipe's.</param>
    /// <param name="report">Told each result.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellationToken">Ends it between steps.</param>
    /// <exception cref="StreamingException"><c>recipe_invalid</c>, or of the data.</exception>
    public async Task RunAsync(
        TrainingRecipe recipe, IReadOnlyList<int> shots, int seeds, Action<FewShotResult> report, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var head = recipe.Heads[0];
        if (recipe.FineTuning is not { Contrastive: { } contrastive } settings || contrastive.Head != head.Name)
            throw new StreamingException("recipe_invalid", "A few-shot experiment needs fine_tuning.contrastive for the first head of the recipe.");
        foreach (var count in shots)
        {
            foreach (var stage in new[] { null, contrastive })
            {
                for (var seed = 0; seed < seeds; seed++)
                {
                    var one = recipe with
                    {
                        Seed = recipe.Seed + seed,
                        // What is measured after the last step is the test data; nothing is chosen by it.
                        Heads = [head with { FewShot = count, Dev = head.Test, Test = head.Dev }],
                        FineTuning = settings with { Contrastive = stage, DevLimit = 0, EvaluateEvery = int.MaxValue, Patience = 0 },
                    };
                    report(await Task.Run(() => Run(one, count, progress, cancellationToken), cancellationToken).ConfigureAwait(false));
                }
            }
        }
    }

    private FewShotResult Run(TrainingRecipe recipe, int shots, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var scratch = Directory.CreateTempSubdirectory("streaming-few-shot-");
        try
        {
            var pretrained = EncoderCheckpoint.Load(checkpoint);
            using var setup = new TuningSetup(recipe, checkpoint, pretrained, backend, importer, dataRoot);
            using (var log = new TrainingLog(scratch.FullName, time))
                setup.Loop.Run(log, time, static () => { }, static () => { }, progress, cancellationToken);
            var sentences = setup.Tasks[0].TrainTexts.Count;
            return new FewShotResult(shots, recipe.FineTuning!.Contrastive is not null, recipe.Seed, sentences, setup.Loop.Best);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }
}
