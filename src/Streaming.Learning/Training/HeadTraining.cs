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
public sealed class HeadTraining(ModelBundle encoder, IModelRunner runner, string dataRoot) : IModelTrainer
{
    /// <summary>Heads that were trained with the encoder, by name.</summary>
    internal IReadOnlyDictionary<string, TrainedHead> Tuned { get; init; } = new Dictionary<string, TrainedHead>();

    /// <summary>What becomes of <see cref="Tuned"/>.</summary>
    internal HeadPolicy Policy { get; init; } = HeadPolicy.Refit;

    /// <summary>How the encoder was trained just before; null: it was not.</summary>
    internal string? FineTuned { get; init; }

    /// <inheritdoc/>
    public async ValueTask<ModelBundle> TrainAsync(
        TrainingRecipe recipe, string directory, bool overwrite, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        using var writer = new ModelBundleWriter(directory, overwrite);
        // Everything but heads comes along: encoder, tokeniser, licence.
        var oldHeads = encoder.Manifest.Heads.Select(h => h.File).ToHashSet(StringComparer.Ordinal);
        foreach (var path in encoder.Manifest.Files.Keys.Where(f => !oldHeads.Contains(f)).Order(StringComparer.Ordinal))
            writer.AddFrom(encoder, path);
        var loader = new SampleLoader(dataRoot);
        var encoding = new Encoding(TokenizerLoader.Load(encoder), runner);
        var heads = new List<HeadManifest>();
        var data = new SortedDictionary<string, TrainingData>(StringComparer.Ordinal);
        var scratch = Directory.CreateTempSubdirectory("streaming-train-");
        try
        {
            foreach (var head in recipe.Heads)
            {
                var context = new HeadContext(head, loader, encoding, recipe.Seed, scratch.FullName, progress);
                var (trained, rows) = await TrainAsync(head, context, cancellationToken).ConfigureAwait(false);
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
            Training = new TrainingManifest { Recipe = recipe.Sha256, Seed = recipe.Seed, FineTuned = FineTuned ?? encoder.Manifest.Training?.FineTuned, Data = [.. data.Values] },
            Licence = recipe.Licence,
            Attribution = [.. encoder.Manifest.Attribution.Concat(recipe.Attribution).Concat(data.Values.Select(d => d.Attribution ?? "")).Where(a => a.Length > 0).Distinct()],
        });
    }

    private async ValueTask<(TrainedHead Head, IReadOnlyDictionary<DataSource, long> Rows)> TrainAsync(HeadRecipe head, HeadContext context, CancellationToken cancellationToken)
    {
        var given = Policy == HeadPolicy.Refit ? null : Tuned.GetValueOrDefault(head.Name);
        var first = await Run(given).ConfigureAwait(false);
        if (given is null || Policy == HeadPolicy.Keep)
            return first;
        // Decided on the development data, which neither has learnt from.
        var second = await Run(null).ConfigureAwait(false);
        var metric = head.IsTagger || head.IsCategorizer ? "dev.micro_f1" : "dev.macro_f1";
        return first.Head.Manifest.Metrics[metric] > second.Head.Manifest.Metrics[metric] ? first : second;

        ValueTask<(TrainedHead Head, IReadOnlyDictionary<DataSource, long> Rows)> Run(TrainedHead? from) => head.IsTagger
            ? new TaggerTraining(context).RunAsync(runner.Info, from, cancellationToken)
            : head.IsCategorizer ? new CategoryTraining(context).RunAsync(runner.Info, from, cancellationToken)
            : new ClassifierTraining(context).RunAsync(runner.Info, from, cancellationToken);
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
