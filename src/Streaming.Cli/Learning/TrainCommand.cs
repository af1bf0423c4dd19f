using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Streaming.Adapters.Onnx.Running;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Models;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Recipes;
using Streaming.Learning.Training;

namespace Streaming.Cli.Learning;

/// <summary><c>streaming train RECIPE.yaml</c>.</summary>
internal static class TrainCommand
{
    public static Command Create(CliContext context)
    {
        var recipeFile = new Argument<string>("RECIPE") { Description = "Recipe, e.g. models/recipes/starter.yaml" };
        var encoder = new Option<string>("--encoder")
        {
            Description = "Bundle that gives the encoder, or a Hugging Face folder, which is imported first",
            HelpName = "BUNDLE|DIR",
            DefaultValueFactory = static _ => "starter",
        };
        var precision = ImportCommand.PrecisionOption();
        precision.Description = "Precision a Hugging Face folder is imported in";
        var dataRoot = new Option<string?>("--data-root") { Description = "Folder of the data sets (default: data in STREAMING_SHARED, or in the folder shared beside this one)", HelpName = "DIR" };
        var output = new Option<string?>("--output") { Description = "Folder the bundle will be; default: models/NAME in the data folder", HelpName = "DIR" };
        var force = new Option<bool>("--force") { Description = "Replace a bundle that is there" };
        var heads = new Option<string?>("--heads") { Description = "Train only these heads of the recipe", HelpName = "NAME,NAME" };
        var threads = CommonOptions.Threads().Between(0, 256);
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("train", "Train the heads of a recipe and write the bundle").With(recipeFile, encoder, precision, dataRoot, output, force, heads, threads, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var started = context.Time.GetTimestamp();
                var recipe = Choose(RecipeLoader.Load(parsed.GetValue(recipeFile)!), Choice.Words(parsed.GetValue(heads)));
                var folder = parsed.GetValue(output) is { } told ? Path.GetFullPath(told) : ImportCommand.OutputFolder(context, parsed.GetValue(data), recipe.Name);
                ImportCommand.RefuseExisting(folder, parsed.GetValue(force));
                var sources = DataRoot.Find(context, parsed.GetValue(dataRoot));
                using var progress = new ProgressLine(context);
                using var source = await EncoderSource.OpenAsync(
                    context, parsed.GetValue(data), parsed.GetValue(encoder)!, ImportCommand.ParsePrecision(parsed.GetValue(precision)),
                    ImportCommand.Show(progress), cancellationToken);
                await using var runner = OnnxModelRunner.Open(source.Bundle, new OnnxRunnerOptions
                {
                    Layers = [.. recipe.Heads.SelectMany(static head => head.Layers).Distinct().Order()],
                    MaxConcurrent = parsed.GetValue(threads) is > 0 and var count ? count : Environment.ProcessorCount,
                    Log = context.Say,
                });
                var bundle = await new HeadTraining(source.Bundle, runner, sources).TrainAsync(
                    recipe, folder, parsed.GetValue(force), new InlineProgress<TrainingProgress>(at => Show(progress, at)), cancellationToken);
                progress.Dispose();
                var seconds = context.Time.GetElapsedTime(started).TotalSeconds;
                if (parsed.GetValue(json))
                    WriteJson(context.Out, bundle, seconds);
                else
                    Write(context, bundle, seconds);
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

    private static void Show(ProgressLine progress, TrainingProgress at) => progress.Report(
        at.Head.Length == 0 ? at.Stage : $"{at.Head}: {at.Stage}",
        at.Done,
        at.Total,
        at.Loss is { } loss ? string.Create(CultureInfo.InvariantCulture, $"{at.Done} of at most {at.Total}, loss {loss:F4}") : null);

    private static void Write(CliContext context, ModelBundle bundle, double seconds)
    {
        context.Say(string.Create(CultureInfo.InvariantCulture, $"trained in {seconds:F1} s"));
        context.Out.WriteLine($"{BundleText.NameOf(bundle.Manifest)}  {BundleText.Size(bundle.Manifest)}  {bundle.Directory}");
        foreach (var head in bundle.Manifest.Heads)
        {
            context.Out.WriteLine();
            context.Out.WriteLine($"{head.Name}: {BundleText.TaskName(head.Task)}");
            MetricsText.Write(context.Out, head);
        }
    }

    private static void WriteJson(TextWriter output, ModelBundle bundle, double seconds) => JsonText.WriteObject(output, writer =>
    {
        writer.WriteString("directory", bundle.Directory);
        writer.WriteString("digest", bundle.Digest);
        writer.WriteNumber("seconds", seconds);
        writer.WritePropertyName("manifest");
        JsonSerializer.Serialize(writer, bundle.Manifest, ManifestJson.OnDisk.ModelManifest);
    });
}
