using System.CommandLine;
using System.Globalization;
using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Import;
using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Learning.FineTuning;
using Streaming.Learning.Recipes;
using Streaming.Learning.Training;

namespace Streaming.Cli.Learning;

/// <summary><c>streaming few-shot RECIPE.yaml</c>: with and without the contrastive stage, several draws, one table.</summary>
internal static class FewShotCommand
{
    public static Command Create(CliContext context)
    {
        var recipeFile = new Argument<string>("RECIPE") { Description = "Recipe with fine_tuning.contrastive, e.g. models/recipes/few-shot.yaml" };
        var encoder = new Option<string?>("--encoder") { Description = "Hugging Face folder to start from (default: what the recipe names)", HelpName = "DIR" };
        var dataRoot = new Option<string?>("--data-root") { Description = "Folder of the data sets", HelpName = "DIR" };
        var shots = new Option<string>("--shots") { Description = "Sentences a type", HelpName = "N,N", DefaultValueFactory = static _ => "5,20,50" };
        var seeds = new Option<int>("--seeds") { Description = "Draws each", DefaultValueFactory = static _ => 3 }.Between(1, 100);
        var backend = new Option<string?>("--backend") { Description = "What trains, instead of what the recipe names", HelpName = "NAME" };
        var threads = CommonOptions.Threads().Between(0, 256);
        var json = CommonOptions.Json();
        return new Command("few-shot", "Measure what the contrastive stage brings when there is little data").With(recipeFile, encoder, dataRoot, shots, seeds, backend).With(threads, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var recipe = RecipeLoader.Load(parsed.GetValue(recipeFile)!);
                if (parsed.GetValue(threads) is > 0 and var count && recipe.FineTuning is { } tuning)
                    recipe = recipe with { FineTuning = tuning with { Threads = count } };
                var checkpoint = EncoderSource.Checkpoint(parsed.GetValue(encoder) ?? recipe.Encoder ?? throw new StreamingException("usage", "--encoder is needed: the Hugging Face folder to start from"));
                using var progress = new ProgressLine(context);
                var experiment = new FewShotExperiment(
                    checkpoint, TrainingBackends.Find(parsed.GetValue(backend) ?? recipe.FineTuning?.Backend ?? "auto"),
                    new OnnxEncoderImporter(context, EncoderPrecision.Fp32, 0, new InlineProgress<EncoderImportProgress>(static _ => { })), DataRoot.Find(context, parsed.GetValue(dataRoot)), context.Time);
                var results = new List<FewShotResult>();
                await experiment.RunAsync(
                    recipe, Numbers(parsed.GetValue(shots)!), parsed.GetValue(seeds), results.Add,
                    new InlineProgress<TrainingProgress>(at => TrainingText.Show(progress, at)), cancellationToken);
                progress.Dispose();
                if (parsed.GetValue(json))
                    WriteJson(context.Out, results);
                else
                    Write(context.Out, results);
                return ExitCode.Ok;
            });
    }

    private static List<int> Numbers(string list)
    {
        var numbers = new List<int>();
        foreach (var word in Choice.Words(list) ?? [])
            numbers.Add(int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : throw new StreamingException("usage", $"--shots takes numbers above 0, not '{word}'"));
        return numbers.Count > 0 ? numbers : throw new StreamingException("usage", "--shots takes at least one number");
    }

    private static void Write(TextWriter output, List<FewShotResult> results)
    {
        var rows = new List<IReadOnlyList<string>> { new[] { "SENTENCES A TYPE", "DRAWN", "PLAIN", "CONTRASTIVE FIRST", "DIFFERENCE" } };
        foreach (var group in results.GroupBy(static r => r.Shots))
        {
            var (without, with) = (Scores(group, contrastive: false), Scores(group, contrastive: true));
            rows.Add([group.Key.ToString(CultureInfo.InvariantCulture), Number(group.Average(static r => r.Sentences)), Spread(without), Spread(with), Number(100 * (with.Average() - without.Average()))]);
        }

        TextTable.Write(output, rows);
    }

    private static List<double> Scores(IEnumerable<FewShotResult> results, bool contrastive) => [.. results.Where(r => r.Contrastive == contrastive).Select(static r => r.MicroF1)];

    private static string Spread(List<double> scores) => $"{Number(100 * scores.Average())} ({string.Join(", ", scores.Select(static s => Number(100 * s)))})";

    private static string Number(double value) => value.ToString("F1", CultureInfo.InvariantCulture);

    private static void WriteJson(TextWriter output, List<FewShotResult> results) => JsonText.WriteObject(output, writer =>
    {
        writer.WriteStartArray("runs");
        foreach (var result in results)
        {
            writer.WriteStartObject();
            writer.WriteNumber("shots", result.Shots);
            writer.WriteBoolean("contrastive", result.Contrastive);
            writer.WriteNumber("seed", result.Seed);
            writer.WriteNumber("sentences", result.Sentences);
            writer.WriteNumber("micro_f1", result.MicroF1);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });
}
