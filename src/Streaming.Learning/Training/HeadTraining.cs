using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Data;
using Streaming.Learning.Features;
using Streaming.Learning.Recipes;
using Streaming.Text.Tokenization;

namespace Streaming.Learning.Training;

/// <summary>
/// Trains the heads of a recipe on a frozen encoder and writes the bundle. The same recipe, data and encoder give the same bytes,
/// whatever the number of cores.
/// </summary>
/// <param name="encoder">Bundle that gives encoder and tokeniser; heads it has are left behind.</param>
/// <param name="runner">Runs that encoder; stays the caller's.</param>
/// <param name="dataRoot">Folder that the recipe's files are relative to.</param>
public sealed class HeadTraining(ModelBundle encoder, IModelRunner runner, string dataRoot)
{
    /// <summary>Trains every head, one after another, and writes the bundle.</summary>
    /// <param name="recipe">What to train.</param>
    /// <param name="directory">Where the bundle will lie.</param>
    /// <param name="overwrite">Whether a bundle that lies there is replaced.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellationToken">Ends the training; nothing is left behind.</param>
    /// <returns>The bundle, opened and verified.</returns>
    /// <exception cref="StreamingException">Of data, recipe or bundle, with its code.</exception>
    public async ValueTask<ModelBundle> RunAsync(
        TrainingRecipe recipe, string directory, bool overwrite, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        using var writer = new ModelBundleWriter(directory, overwrite);
        // Everything but heads comes along: encoder, tokeniser, licence.
        var oldHeads = encoder.Manifest.Heads.Select(h => h.File).ToHashSet(StringComparer.Ordinal);
        foreach (var path in encoder.Manifest.Files.Keys.Where(f => !oldHeads.Contains(f)).Order(StringComparer.Ordinal))
            writer.AddFrom(encoder, path);
        var loader = new SampleLoader(dataRoot);
        var encoding = new Encoding(WordPieceTokenizer.Load(encoder), runner);
        var heads = new List<HeadManifest>();
        var data = new SortedDictionary<string, TrainingData>(StringComparer.Ordinal);
        var scratch = Directory.CreateTempSubdirectory("streaming-train-");
        try
        {
            foreach (var head in recipe.Heads)
            {
                var context = new HeadContext(head, loader, encoding, recipe.Seed, scratch.FullName, progress);
                var (trained, rows) = head.IsTagger
                    ? await new TaggerTraining(context).RunAsync(runner.Info, cancellationToken).ConfigureAwait(false)
                    : await new ClassifierTraining(context).RunAsync(runner.Info, cancellationToken).ConfigureAwait(false);
                writer.Add(trained.Manifest.File, trained.ToSafetensors());
                heads.Add(trained.Manifest);
                Record(data, head, rows, loader);
            }
        }
        finally
        {
            scratch.Delete(recursive: true);
        }

        progress?.Report(new TrainingProgress("", "write", 1, 1));
        return writer.Complete(new ModelManifest
        {
            Name = recipe.Name,
            Version = recipe.Version,
            Parent = $"{encoder.Manifest.Name}@{encoder.Manifest.Version}",
            Encoder = encoder.Manifest.Encoder,
            Tokenizer = encoder.Manifest.Tokenizer,
            Heads = heads,
            Training = new TrainingManifest { Recipe = recipe.Sha256, Seed = recipe.Seed, Data = [.. data.Values] },
            Licence = recipe.Licence,
            Attribution = [.. encoder.Manifest.Attribution.Concat(recipe.Attribution).Concat(data.Values.Select(d => d.Attribution ?? "")).Where(a => a.Length > 0).Distinct()],
        });
    }

    private static void Record(SortedDictionary<string, TrainingData> data, HeadRecipe head, IReadOnlyDictionary<DataSource, long> rows, SampleLoader loader)
    {
        foreach (var (split, sources) in new[] { ("train", head.Train), ("dev", head.Dev), ("test", head.Test) })
        {
            foreach (var source in sources)
            {
                data[$"{head.Name} {split} {source.Name} {source.File}"] = new TrainingData
                {
                    Name = $"{source.Name} ({head.Name}, {split})",
                    File = source.File,
                    Sha256 = loader.Digest(source),
                    Licence = source.Licence,
                    Attribution = source.Attribution,
                    Rows = rows[source],
                };
            }
        }
    }
}
