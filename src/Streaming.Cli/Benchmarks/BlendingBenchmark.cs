using Streaming.Adapters.Onnx.Running;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Contracts;
using Streaming.Core.Models.Bundle;
using Streaming.Learning;
using Streaming.Learning.Blending;
using Streaming.Learning.Data;
using Streaming.Learning.Labelling;
using Streaming.Learning.Metrics;
using Streaming.Learning.Recipes;
using Streaming.Learning.Retraining;
using Streaming.Text.Tokenization;

namespace Streaming.Cli.Benchmarks;

/// <summary>
/// The table of the three-phase paper (Huang, Tang, Chen 2024, arXiv:2402.09282) with a head on a frozen encoder: so many sentences
/// of CoNLL-2003 with their own labels, other sentences with those of a simulated language model, all strategies, several seeds.
/// </summary>
internal sealed class BlendingBenchmark(CliContext context, string dataRoot, string encoder)
{
    private static readonly string[] Types = ["PER", "LOC", "ORG", "MISC"];

    /// <summary>Sentences with human labels.</summary>
    public required int Originals { get; init; }

    /// <summary>Sentences with simulated labels.</summary>
    public required int Distilled { get; init; }

    /// <summary>Repetitions.</summary>
    public required int Seeds { get; init; }

    /// <summary>Epochs of each training.</summary>
    public required int Epochs { get; init; }

    /// <summary>Scales the errors.</summary>
    public required double Noise { get; init; }

    /// <summary>Told how far it is.</summary>
    public required Action<string, double, double> Report { get; init; }

    /// <summary>F1 of the simulated labels against the truth, mean over the seeds.</summary>
    public double LabelF1 { get; private set; }

    /// <summary>Trains and measures.</summary>
    public async Task<IReadOnlyList<Row>> RunAsync(CancellationToken cancellationToken)
    {
        var bundle = ModelBundle.Open(BundleLocator.Find(context, null, encoder));
        var head = new HeadManifest
        {
            Name = "ner", Task = HeadTask.Ner, Kind = HeadKind.Crf, Unit = HeadUnit.Token, Labels = ["O", .. Types.SelectMany(static type => new[] { $"B-{type}", $"I-{type}" })],
            Layers = bundle.Manifest.Encoder.Layers, WordShape = true, File = "heads/ner.safetensors",
        };
        await using var runner = OnnxModelRunner.Open(bundle, new OnnxRunnerOptions { Device = "cpu", IntraOpThreads = 1, MaxConcurrent = Environment.ProcessorCount });
        var learner = new HeadLearner(TokenizerLoader.Load(bundle), runner, head);
        var loader = new SampleLoader(dataRoot);
        var train = loader.Tagged(Source("eng.train.gz"), Types);
        var test = loader.Tagged(Source("eng.testb"), Types).ConvertAll(static text => new LearningSample { Tagged = text, IsDistilled = false });
        var scores = new Dictionary<(BlendStrategy Strategy, double Decay), List<double>>();
        var done = 0;
        var folder = Directory.CreateTempSubdirectory("streaming-blending-");
        try
        {
            for (var seed = 1; seed <= Seeds; seed++)
            {
                var samples = await DrawAsync(train, (ulong)seed, cancellationToken);
                using var set = await learner.PrepareAsync(samples, Path.Combine(folder.FullName, "features.bf16"), at => Report($"features, seed {seed}", at, samples.Count), cancellationToken);
                foreach (var strategy in Enum.GetValues<BlendStrategy>())
                {
                    foreach (var decay in new[] { 1, 0.95 })
                    {
                        var settings = new BlendSettings { Strategy = strategy, Epochs = Epochs, RateDecay = decay, Seed = (ulong)seed };
                        var trained = await learner.FitAsync(set, settings, null, null, cancellationToken);
                        var measured = await learner.MeasureAsync([trained], test, cancellationToken);
                        if (!scores.TryGetValue((strategy, decay), out var list))
                            scores[(strategy, decay)] = list = [];
                        list.Add(measured[0].MicroF1);
                        Report("trainings", ++done, Seeds * scores.Count);
                    }
                }
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        return [.. scores.Select(static pair => new Row(BlendStrategies.NameOf(pair.Key.Strategy), pair.Key.Decay, pair.Value.Average(), Deviation(pair.Value)))];
    }

    private static DataSource Source(string file) => new() { Name = "conll2003", File = Path.Combine("ner", "conll2003", file), Format = DataFormat.Conll, Licence = "research only" };

    private static double Deviation(List<double> values)
    {
        var mean = values.Average();
        return values.Count < 2 ? 0 : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
    }

    private async Task<List<LearningSample>> DrawAsync(List<TaggedText> train, ulong seed, CancellationToken cancellationToken)
    {
        var order = train.ToArray();
        new SeededRandom(seed).Shuffle(order.AsSpan());
        var drawn = order.DistinctBy(static text => text.Text).Take(Originals + Distilled).ToList();
        var samples = drawn.Take(Originals).Select(static text => new LearningSample { Tagged = text, IsDistilled = false }).ToList();
        var errors = new SimulatedErrors
        {
            Miss = 0.14 * Noise, WrongLabel = 0.13 * Noise, WrongBoundary = 0.07 * Noise, Spurious = 0.012 * Noise, Hallucination = 0.05 * Noise, Seed = seed,
        };
        var machine = drawn.Skip(Originals).ToList();
        var gold = new GoldAnswers().Add(LabelTask.Entities, machine.Select(static text => new SpannedText { Text = text.Text, Origin = "conll2003", Spans = Iob2.ToCharacters(text.Spans, text.Words) }));
        var labeller = new SimulatedLabeller(gold, errors, context.Time);
        var counter = new SpanCounter();
        foreach (var text in machine)
        {
            var said = (await labeller.LabelAsync(Request(text.Text), cancellationToken))[0];
            var spans = new List<LabelledSpan>();
            foreach (var span in said.Spans.OrderBy(static s => s.Start).ThenByDescending(static s => s.End))
            {
                if (spans.Count == 0 || span.Start >= spans[^1].End)
                    spans.Add(new LabelledSpan(span.Start, span.End, span.Label));
            }

            var tagged = text with { Spans = Iob2.FromCharacters(spans, text.Words) };
            counter.Add([.. text.Spans], [.. tagged.Spans]);
            samples.Add(new LearningSample { Tagged = tagged, IsDistilled = true });
        }

        LabelF1 += counter.ToReport().Micro.F1 / Seeds;
        return samples;
    }

    private LabelRequest Request(string text) => new()
    {
        Id = "r", DocumentId = "d", Text = text, Tasks = [LabelTask.Entities], Guess = new LabelGuess(), Reasons = [new SelectionReason(SelectionReason.Control)], Priority = 0,
        Topology = "blending", Model = "none", ModelVersion = "0", RequestedAt = context.Time.GetUtcNow(),
    };

    /// <summary>One strategy's result.</summary>
    internal sealed record Row(string Strategy, double RateDecay, double Mean, double Deviation);
}
