using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Recipes;

namespace Streaming.Learning.Training;

/// <summary>Makes a bundle of a recipe: heads alone on a frozen encoder (<see cref="HeadTraining"/>), or the encoder too (<see cref="FineTuning.EncoderTraining"/>).</summary>
public interface IModelTrainer
{
    /// <summary>Trains, calibrates, measures and writes the bundle.</summary>
    /// <param name="recipe">What to train.</param>
    /// <param name="directory">Where the bundle will lie.</param>
    /// <param name="overwrite">Whether a bundle that lies there is replaced.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellationToken">Ends the training; no half bundle is left behind.</param>
    /// <returns>The bundle, opened and verified.</returns>
    /// <exception cref="StreamingException">Of data, recipe or bundle, with its code.</exception>
    ValueTask<ModelBundle> TrainAsync(TrainingRecipe recipe, string directory, bool overwrite, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken);
}
