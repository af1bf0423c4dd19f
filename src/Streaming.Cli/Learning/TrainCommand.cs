using System.CommandLine;
using Streaming.Adapters.Onnx.Running;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Models;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.FineTuning;
using Streaming.Learning.Recipes;
using Streaming.Learning.Training;

namespace Streaming.Cli.Learning;

/// <summary><c>streaming train RECIPE.yaml</c>.</summary>
internal static class TrainCommand
{
    public static Command Create(CliContext context)
    {
        var recipeFile = new Argument<string>("RECIPE") { Description = "Recipe, e.g. models/recipes/starter.yaml" };
        var encoder = new Option<string?>("--encoder")
        {
            Description = "Bundle that gives the encoder, or a Hugging Face folder, which is imported first; fine-tuning needs such a folder (default: what the recipe names, else starter)",
            HelpName = "BUNDLE|DIR",
        };
        var precision = ImportCommand.PrecisionOption();
        precision.Description = "Precision a Hugging Face folder is imported in";
        var dataRoot = new Option<string?>("--data-root") { Description = "Folder of the data sets (default: data in STREAMING_SHARED, or in the folder shared beside this one)", HelpName = "DIR" };
        var output = new Option<string?>("--output") { Description = "Folder the bundle will be; default: models/NAME in the data folder", HelpName = "DIR" };
        var force = new Option<bool>("--force") { Description = "Replace a bundle that is there" };
        var heads = new Option<string?>("--heads") { Description = "Train only these heads of the recipe", HelpName = "NAME,NAME" };
        var backend = new Option<string?>("--backend") { Description = "What fine-tunes the encoder, instead of what the recipe names", HelpName = "NAME" };
        var work = new Option<string?>("--checkpoints") { Description = "Fine-tuning: folder for state, log and the trained checkpoint (default: the bundle's, with .training behind)", HelpName = "DIR" };
        var resume = new Option<bool>("--resume") { Description = "Fine-tuning: go on from the state that lies there" };
        var threads = CommonOptions.Threads().Between(0, 256);
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("train", "Train what a recipe says, heads alone or the encoder too, and write the bundle")
            .With(recipeFile, encoder, precision, dataRoot, output, force, heads, backend, work).With(resume, threads, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var started = context.Time.GetTimestamp();
                var recipe = Choose(RecipeLoader.Load(parsed.GetValue(recipeFile)!), Choice.Words(parsed.GetValue(heads)));
                var folder = parsed.GetValue(output) is { } told ? Path.GetFullPath(told) : ImportCommand.OutputFolder(context, parsed.GetValue(data), recipe.Name);
                ImportCommand.RefuseExisting(folder, parsed.GetValue(force));
                var sources = DataRoot.Find(context, parsed.GetValue(dataRoot));
                using var progress = new ProgressLine(context);
                var name = parsed.GetValue(encoder) ?? recipe.Encoder ?? "starter";
                var kind = ImportCommand.ParsePrecision(parsed.GetValue(precision));
                var count = parsed.GetValue(threads);
                var show = new InlineProgress<TrainingProgress>(at => TrainingText.Show(progress, at));
                ModelBundle bundle;
                if (recipe.FineTuning is { } tuning)
                {
                    var training = new EncoderTraining(
                        EncoderSource.Checkpoint(name), TrainingBackends.Find(parsed.GetValue(backend) ?? tuning.Backend),
                        new OnnxEncoderImporter(context, kind, count, ImportCommand.Show(progress)), sources, context.Time)
                    {
                        WorkDirectory = parsed.GetValue(work) ?? folder + ".training",
                        Resume = parsed.GetValue(resume),
                        Say = context.Say,
                    };
                    var chosen = count > 0 ? recipe with { FineTuning = tuning with { Threads = count } } : recipe;
                    bundle = await training.TrainAsync(chosen, folder, parsed.GetValue(force), show, cancellationToken);
                }
                else
                {
                    using var source = await EncoderSource.OpenAsync(context, parsed.GetValue(data), name, kind, ImportCommand.Show(progress), cancellationToken);
                    await using var runner = OnnxModelRunner.Open(source.Bundle, new OnnxRunnerOptions
                    {
                        Layers = [.. recipe.Heads.SelectMany(static head => head.Layers).Distinct().Order()],
                        MaxConcurrent = count > 0 ? count : Environment.ProcessorCount,
                        Log = context.Say,
                    });
                    bundle = await new HeadTraining(source.Bundle, runner, sources).TrainAsync(recipe, folder, parsed.GetValue(force), show, cancellationToken);
                }

                progress.Dispose();
                var seconds = context.Time.GetElapsedTime(started).TotalSeconds;
                if (parsed.GetValue(json))
                    TrainingText.WriteJson(context.Out, bundle, seconds);
                else
                    TrainingText.Write(context, bundle, seconds);
                return ExitCode.Ok;
            });
    }

    private static TrainingRecipe Choose(TrainingRecipe recipe, IReadOnlyList<string>? names)
    {
        if (names is null)
            return recipe;
        var known = recipe.Heads.Select(static head => head.Name).ToList();
        if (names.Count == 0 || names.Except(known).Any())
            throw new StreamingException("head_not_found", $"the recipe has no head '{string.Join(", ", names.Except(known))}'; it has {string.Join(", ", known)}");
        return recipe with { Heads = [.. recipe.Heads.Where(head => names.Contains(head.Name))] };
    }
}
