using System.CommandLine;
using System.Globalization;
using Streaming.Adapters.Onnx.Running;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Cli.Learning;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Data;
using Streaming.Learning.Recipes;
using Streaming.Learning.Selection;
using Streaming.Text.Tokenization;

namespace Streaming.Cli.Benchmarks;

/// <summary><c>streaming bench selection</c>: what choosing sentences gains over taking them at random, and whether control slices tell the truth.</summary>
internal static class BenchSelectionCommand
{
    public static Command Create(CliContext context)
    {
        var recipeFile = new Argument<string>("RECIPE") { Description = "Recipe whose first head on words is trained, e.g. models/recipes/conll2003.yaml" };
        var bundle = CommonOptions.Bundle();
        var sizes = new Option<string>("--sizes") { Description = "Numbers of sentences", HelpName = "N,N", DefaultValueFactory = static _ => "250,500,1000" };
        var start = new Option<int>("--start") { Description = "Random sentences to begin with", DefaultValueFactory = static _ => 100 }.Between(1, 100_000);
        var rounds = new Option<int>("--rounds") { Description = "Choices between two sizes", DefaultValueFactory = static _ => 1 }.Between(1, 100);
        var seeds = new Option<int>("--seeds") { Description = "How often, each with another seed", DefaultValueFactory = static _ => 3 }.Between(0, 100);
        var pool = new Option<int>("--pool") { Description = "Sentences to choose from", DefaultValueFactory = static _ => 4_000 }.Between(100, 1_000_000);
        var measure = new Option<UncertaintyMeasure>("--measure") { Description = "What counts as unsure", HelpName = "leastconfidence|margin|entropy|sequence", DefaultValueFactory = static _ => UncertaintyMeasure.LeastConfidence };
        var runs = new Option<int>("--control-runs") { Description = "Control slices to hold against the truth", DefaultValueFactory = static _ => 20 }.Between(0, 10_000);
        var rate = new Option<double>("--control-rate") { Description = "Share of documents in a slice", DefaultValueFactory = static _ => 0.1 };
        var dataRoot = new Option<string?>("--data-root") { Description = "Folder of the data sets", HelpName = "DIR" };
        var threads = BenchCommand.Threads();
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("selection", "Train on chosen and on random sentences; hold control slices against the truth")
            .With(recipeFile, bundle, sizes, start, rounds, seeds, pool, measure).With(runs, rate, dataRoot, threads, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var recipe = RecipeLoader.Load(parsed.GetValue(recipeFile)!);
                var head = recipe.Heads.FirstOrDefault(static head => head.IsTagger)
                    ?? throw new StreamingException("head_not_tagger", "the recipe has no head on words");
                var opened = ModelBundle.Open(BundleLocator.Find(context, parsed.GetValue(data), parsed.GetValue(bundle)!));
                await using var runner = OnnxModelRunner.Open(opened, new OnnxRunnerOptions { Layers = [.. head.Layers.Distinct().Order()], MaxConcurrent = BenchCommand.ThreadCount(parsed.GetValue(threads)), Log = context.Say });
                var scratch = Directory.CreateTempSubdirectory("streaming-selection-");
                try
                {
                    using var experiment = await SelectionExperiment.PrepareAsync(
                        head, new SampleLoader(DataRoot.Find(context, parsed.GetValue(dataRoot))), TokenizerLoader.Load(opened), runner, parsed.GetValue(pool), scratch.FullName, null, cancellationToken);
                    context.Say($"{experiment.Sizes.Pool} sentences to choose from, {experiment.Sizes.Test} to measure on");
                    var control = parsed.GetValue(runs) == 0 ? null : await experiment.ControlAsync(500, parsed.GetValue(rate), parsed.GetValue(runs), context.Time, cancellationToken);
                    if (control is not null)
                        context.Say(string.Create(CultureInfo.InvariantCulture, $"control slices: truth {control.Truth:P2}, {control.Inside} of {control.Slices.Count} intervals hold it"));
                    var curves = new List<IReadOnlyList<SelectionPoint>>();
                    for (var seed = 1; seed <= parsed.GetValue(seeds); seed++)
                    {
                        curves.Add(await experiment.RunAsync(
                            [.. (Choice.Words(parsed.GetValue(sizes)) ?? []).Select(static size => int.Parse(size, NumberStyles.None, CultureInfo.InvariantCulture))], parsed.GetValue(start), parsed.GetValue(rounds),
                            parsed.GetValue(measure), (ulong)seed, cancellationToken));
                        context.Say(string.Create(CultureInfo.InvariantCulture, $"seed {seed}: {string.Join("; ", curves[^1].Select(static point => string.Create(CultureInfo.InvariantCulture, $"{point.Sentences}: chosen {100 * point.Chosen:F2}, random {100 * point.Random:F2}")))}"));
                    }

                    if (parsed.GetValue(json))
                        WriteJson(context.Out, control, curves);
                    else
                        Write(context.Out, control, curves);
                    return ExitCode.Ok;
                }
                finally
                {
                    scratch.Delete(recursive: true);
                }
            });
    }

    private static void Write(TextWriter output, ControlSliceReport? control, List<IReadOnlyList<SelectionPoint>> curves)
    {
        if (control is not null)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"control slices: truth {100 * control.Truth:F2}, mean estimate {100 * control.Slices.Average(static slice => slice.Estimate):F2}, {control.Inside} of {control.Slices.Count} 95 % intervals hold it"));
        if (curves.Count == 0)
            return;
        var rows = new List<IReadOnlyList<string>> { new[] { "sentences", "chosen F1", "random F1", "gain", "seeds" } };
        foreach (var points in curves.SelectMany(static curve => curve).GroupBy(static point => point.Sentences))
        {
            rows.Add(
            [
                points.Key.ToString(CultureInfo.InvariantCulture), Percent(points.Average(static point => point.Chosen)), Percent(points.Average(static point => point.Random)),
                Percent(points.Average(static point => point.Chosen - point.Random)), points.Count().ToString(CultureInfo.InvariantCulture),
            ]);
        }

        TextTable.Write(output, rows);
    }

    private static void WriteJson(TextWriter output, ControlSliceReport? control, List<IReadOnlyList<SelectionPoint>> curves) => JsonText.WriteObject(output, json =>
    {
        if (control is not null)
        {
            json.WriteStartObject("control");
            json.WriteNumber("truth", control.Truth);
            json.WriteNumber("runs", control.Slices.Count);
            json.WriteNumber("inside", control.Inside);
            json.WriteNumber("mean_estimate", control.Slices.Average(static slice => slice.Estimate));
            json.WriteEndObject();
        }

        json.WriteStartArray("points");
        for (var seed = 0; seed < curves.Count; seed++)
        {
            foreach (var point in curves[seed])
            {
                json.WriteStartObject();
                json.WriteNumber("seed", seed + 1);
                json.WriteNumber("sentences", point.Sentences);
                json.WriteNumber("chosen_f1", point.Chosen);
                json.WriteNumber("random_f1", point.Random);
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
    });

    private static string Percent(double share) => (100 * share).ToString("F2", CultureInfo.InvariantCulture);
}
