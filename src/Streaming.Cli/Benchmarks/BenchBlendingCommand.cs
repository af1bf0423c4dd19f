using System.CommandLine;
using System.Globalization;
using Streaming.Cli.CommandLine;
using Streaming.Core;

namespace Streaming.Cli.Benchmarks;

/// <summary><c>streaming bench blending</c>: the strategies of blending human and machine-made labels, side by side on CoNLL-2003.</summary>
internal static class BenchBlendingCommand
{
    public static Command Create(CliContext context)
    {
        var originals = new Option<int>("--originals") { Description = "Sentences with human labels", DefaultValueFactory = static _ => 1_000 }.Between(1, 100_000);
        var distilled = new Option<int>("--distilled") { Description = "Sentences with a simulated model's labels", DefaultValueFactory = static _ => 1_966 }.Between(1, 100_000);
        var seeds = new Option<int>("--seeds") { Description = "Repetitions, each with its own draw of sentences and errors", DefaultValueFactory = static _ => 3 }.Between(1, 100);
        var epochs = new Option<int>("--epochs") { Description = "Epochs of each training", DefaultValueFactory = static _ => 12 }.Between(2, 1_000);
        var noise = new Option<double>("--noise") { Description = "Scales the simulated model's errors; 1 is their default", DefaultValueFactory = static _ => 1.0 };
        var encoder = new Option<string>("--encoder") { Description = "Bundle that gives the encoder", HelpName = "BUNDLE", DefaultValueFactory = static _ => "starter" };
        var dataRoot = new Option<string?>("--data-root") { Description = "Folder of the data sets", HelpName = "DIR" };
        var json = CommonOptions.Json();
        return new Command("blending", "Compare blends of human and machine-made labels on CoNLL-2003, by head training").With(originals, distilled, seeds, epochs, noise, encoder, dataRoot, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                if (parsed.GetValue(noise) is not (>= 0 and <= 5))
                    throw new StreamingException("usage", "--noise takes 0 to 5");
                using var line = new ProgressLine(context);
                var benchmark = new BlendingBenchmark(context, Learning.DataRoot.Find(context, parsed.GetValue(dataRoot)), parsed.GetValue(encoder)!)
                {
                    Originals = parsed.GetValue(originals),
                    Distilled = parsed.GetValue(distilled),
                    Seeds = parsed.GetValue(seeds),
                    Epochs = parsed.GetValue(epochs),
                    Noise = parsed.GetValue(noise),
                    Report = (step, done, total) => line.Report(step, done, total),
                };
                var rows = await benchmark.RunAsync(cancellationToken);
                line.Dispose();
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
}
