using System.CommandLine;
using System.Globalization;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Cli.Learning;
using Streaming.Core;
using Streaming.Core.Topology;
using Streaming.Learning.Blending;
using Streaming.Learning.Recipes;

namespace Streaming.Cli.Benchmarks;

/// <summary><c>streaming bench blending</c>: the strategies of blending human and machine-made labels, side by side on CoNLL-2003.</summary>
internal static class BenchBlendingCommand
{
    private const int HeadEpochs = 12;
    private const int TuningEpochs = 6;

    public static Command Create(CliContext context)
    {
        var originals = new Option<int>("--originals") { Description = "Sentences with human labels", DefaultValueFactory = static _ => 1_000 }.Between(1, 100_000);
        var distilled = new Option<int>("--distilled") { Description = "Sentences with a simulated model's labels", DefaultValueFactory = static _ => 1_966 }.Between(1, 100_000);
        var seeds = new Option<int>("--seeds") { Description = "Repetitions, each with its own draw of sentences and errors", DefaultValueFactory = static _ => 3 }.Between(1, 100);
        var epochs = new Option<int?>("--epochs") { Description = $"Epochs of each training (default {HeadEpochs}, or {TuningEpochs} when fine-tuning)" };
        var noise = new Option<double>("--noise") { Description = "Scales the simulated model's errors; 1 is their default", DefaultValueFactory = static _ => 1.0 };
        var encoder = new Option<string>("--encoder") { Description = "Bundle that gives the encoder", HelpName = "BUNDLE", DefaultValueFactory = static _ => "starter" };
        var fineTune = new Option<string?>("--fine-tune") { Description = "Fine-tune this Hugging Face folder in the place of training heads only; hours of work", HelpName = "DIR" };
        var recipe = new Option<string?>("--recipe") { Description = "Recipe that says how to fine-tune (default: models/recipes/conll2003-finetuned.yaml)", HelpName = "FILE" };
        var backend = new Option<string?>("--backend") { Description = "What fine-tunes, instead of what the recipe names", HelpName = "NAME" };
        var estimate = new Option<bool>("--estimate") { Description = "With --fine-tune: only say what it would cost here" };
        var strategies = new Option<string?>("--strategies") { Description = "Only these strategies" }.ListAmong([.. BlendSection.Strategies]);
        var decays = new Option<string?>("--rate-decays") { Description = "What the rate is multiplied by after each epoch, each compared (default 1,0.95)", HelpName = "N,N" };
        var dataRoot = new Option<string?>("--data-root") { Description = "Folder of the data sets", HelpName = "DIR" };
        var json = CommonOptions.Json();
        return new Command("blending", "Compare blends of human and machine-made labels on CoNLL-2003, by head training or by fine-tuning")
            .With(originals, distilled, seeds, epochs, noise, encoder, fineTune, recipe, backend).With(estimate, strategies, decays, dataRoot, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                if (parsed.GetValue(noise) is not (>= 0 and <= 5))
                    throw new StreamingException("usage", "--noise takes 0 to 5");
                var asked = parsed.GetValue(epochs) ?? (parsed.GetValue(fineTune) is null ? HeadEpochs : TuningEpochs);
                if (asked is < 2 or > 1_000)
                    throw new StreamingException("usage", "--epochs takes 2 to 1000");
                if (parsed.GetValue(estimate) && parsed.GetValue(fineTune) is null)
                    throw new StreamingException("usage", "--estimate is for --fine-tune");
                using var line = new ProgressLine(context);
                var benchmark = new BlendingBenchmark(context, DataRoot.Find(context, parsed.GetValue(dataRoot)), parsed.GetValue(encoder)!)
                {
                    Originals = parsed.GetValue(originals),
                    Distilled = parsed.GetValue(distilled),
                    Seeds = parsed.GetValue(seeds),
                    Epochs = asked,
                    Strategies = Choice.Words(parsed.GetValue(strategies)) is { } names ? [.. names.Select(BlendStrategies.Parse)] : Enum.GetValues<BlendStrategy>(),
                    Decays = Choice.Words(parsed.GetValue(decays)) is { } told ? [.. told.Select(Decay)] : [1, 0.95],
                    Noise = parsed.GetValue(noise),
                    Report = (step, done, total) => line.Report(step, done, total),
                };
                var rows = parsed.GetValue(fineTune) is { } checkpoint
                    ? await FineTuneAsync(context, benchmark, checkpoint, parsed.GetValue(recipe), parsed.GetValue(backend), parsed.GetValue(estimate), cancellationToken)
                    : await benchmark.RunAsync(cancellationToken);
                line.Dispose();
                if (parsed.GetValue(estimate))
                    return ExitCode.Ok;
                if (parsed.GetValue(json))
                {
                    JsonText.WriteObject(context.Out, writer =>
                    {
                        writer.WriteNumber("originals", benchmark.Originals);
                        writer.WriteNumber("distilled", benchmark.Distilled);
                        writer.WriteNumber("seeds", benchmark.Seeds);
                        writer.WriteNumber("label_f1", Math.Round(benchmark.LabelF1, 4));
                        writer.WriteStartArray("strategies");
                        foreach (var row in rows)
                        {
                            writer.WriteStartObject();
                            writer.WriteString("strategy", row.Strategy);
                            writer.WriteNumber("rate_decay", row.RateDecay);
                            writer.WriteNumber("micro_f1", Math.Round(row.Mean, 4));
                            writer.WriteNumber("deviation", Math.Round(row.Deviation, 4));
                            writer.WriteEndObject();
                        }

                        writer.WriteEndArray();
                    });
                    return ExitCode.Ok;
                }

                context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{benchmark.Originals} sentences with human labels, {benchmark.Distilled} with simulated ones (their F1 against the truth: {benchmark.LabelF1:F3}), {benchmark.Seeds} seeds"));
                TextTable.Write(context.Out,
                [
                    new[] { "STRATEGY", "RATE DECAY", "MICRO F1", "±" },
                    .. rows.OrderByDescending(static row => row.Mean).Select(static row => (IReadOnlyList<string>)
                    [
                        row.Strategy, row.RateDecay.ToString("F2", CultureInfo.InvariantCulture), row.Mean.ToString("F4", CultureInfo.InvariantCulture), row.Deviation.ToString("F4", CultureInfo.InvariantCulture),
                    ]),
                ]);
                return ExitCode.Ok;
            });
    }

    private static Task<IReadOnlyList<BlendingBenchmark.Row>> FineTuneAsync(
        CliContext context, BlendingBenchmark benchmark, string checkpoint, string? recipe, string? backend, bool onlyEstimate, CancellationToken cancellationToken)
    {
        var loaded = RecipeLoader.Load(recipe ?? Path.Combine(HomeFolder.Find(context), "models", "recipes", "conll2003-finetuned.yaml"));
        return benchmark.FineTuneAsync(
            loaded, EncoderSource.Checkpoint(checkpoint), TrainingBackends.Find(backend ?? loaded.FineTuning?.Backend ?? "auto"), context.Say, onlyEstimate, cancellationToken);
    }

    private static double Decay(string word) => double.TryParse(word, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var decay) && decay is > 0 and <= 1
        ? decay
        : throw new StreamingException("usage", $"--rate-decays takes numbers above 0 to 1, not '{word}'");
}
