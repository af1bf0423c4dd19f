using System.Globalization;
using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Import;
using Streaming.Adapters.Onnx.Running;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Cli.Learning;
using Streaming.Contracts;
using Streaming.Core.Models.Bundle;
using Streaming.Learning;
using Streaming.Learning.Blending;
using Streaming.Learning.Data;
using Streaming.Learning.FineTuning;
using Streaming.Learning.Labelling;
using Streaming.Learning.Metrics;
using Streaming.Learning.Recipes;
using Streaming.Learning.Retraining;
using Streaming.Text.Tokenization;

namespace Streaming.Cli.Benchmarks;

/// <summary>
/// The table of the three-phase paper (Huang, Tang, Chen 2024, arXiv:2402.09282) with a head on a frozen encoder: so many sentences
/// of CoNLL-2003 with their own labels, other sentences with those of a simulated language model, all strategies, several seeds. Or
/// with the encoder trained too, as the paper does.
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

    /// <summary>Strategies to compare.</summary>
    public IReadOnlyList<BlendStrategy> Strategies { get; init; } = Enum.GetValues<BlendStrategy>();

    /// <summary>What the rate is multiplied by after each epoch, each compared.</summary>
    public IReadOnlyList<double> Decays { get; init; } = [1, 0.95];

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
        var scores = new ScoreTable();
        var done = 0;
        var folder = Directory.CreateTempSubdirectory("streaming-blending-");
        try
        {
            for (var seed = 1; seed <= Seeds; seed++)
            {
                var samples = await DrawAsync(train, (ulong)seed, cancellationToken);
                using var set = await learner.PrepareAsync(samples, Path.Combine(folder.FullName, "features.bf16"), at => Report($"features, seed {seed}", at, samples.Count), cancellationToken);
                foreach (var settings in Blends((ulong)seed))
                {
                    var trained = await learner.FitAsync(set, settings, null, null, cancellationToken);
                    var measured = await learner.MeasureAsync([trained], test, cancellationToken);
                    scores.Add(settings, measured[0].MicroF1);
                    Report("trainings", ++done, Seeds * Strategies.Count * Decays.Count);
                }
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        return scores.Rows;
    }

    /// <summary>Fine-tunes in the place of training heads only.</summary>
    /// <param name="recipe">With a section <c>fine_tuning</c>.</param>
    /// <param name="checkpoint">Hugging Face folder.</param>
    /// <param name="backend">What differentiates.</param>
    /// <param name="say">Told what it will cost, and how each training ended.</param>
    /// <param name="onlyEstimate">Ends when that is told.</param>
    /// <param name="cancellationToken">Ends the work between steps.</param>
    public async Task<IReadOnlyList<Row>> FineTuneAsync(
        TrainingRecipe recipe, string checkpoint, ITrainingBackend backend, Action<string> say, bool onlyEstimate, CancellationToken cancellationToken)
    {
        var loader = new SampleLoader(dataRoot);
        var (train, test) = (loader.Tagged(Source("eng.train.gz"), Types), loader.Tagged(Source("eng.testb"), Types));
        var importer = new OnnxEncoderImporter(context, EncoderPrecision.Int8, 0, new InlineProgress<EncoderImportProgress>(static _ => { }));
        var scores = new ScoreTable();
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var samples = await DrawAsync(train, (ulong)seed, cancellationToken);
            var tuning = new BlendTuning(recipe, checkpoint, backend, importer, samples, test);
            if (seed == 1)
                Estimate(tuning, say, cancellationToken);
            if (onlyEstimate)
                break;
            foreach (var settings in Blends((ulong)seed))
            {
                var name = $"{BlendStrategies.NameOf(settings.Strategy)}, decay {settings.RateDecay:0.##}, seed {seed}";
                var (f1, _) = await Task.Run(() => tuning.Train(settings, 0, (step, steps, _) => Report(name, step, steps), cancellationToken), cancellationToken);
                scores.Add(settings, f1);
                say(string.Create(CultureInfo.InvariantCulture, $"{name}: {f1:F4}"));
            }
        }

        return scores.Rows;
    }

    // Some steps are run for it, the first not counted: it pays for what is made only once.
    private void Estimate(BlendTuning tuning, Action<string> say, CancellationToken cancellationToken)
    {
        const int steps = 6;
        var blends = Blends(1);
        var (started, before) = (0L, TimeSpan.Zero);
        var (_, counted) = tuning.Train(blends[0], steps, (step, _, _) =>
        {
            if (step == 1)
                (started, before) = (context.Time.GetTimestamp(), Environment.CpuUsage.TotalTime);
        }, cancellationToken);
        var tokens = counted * (steps - 1.0) / steps;
        var (wall, cpu) = (context.Time.GetElapsedTime(started).TotalSeconds / tokens, (Environment.CpuUsage.TotalTime - before).TotalSeconds / tokens);
        var (all, allCpu) = (0.0, 0.0);
        foreach (var blend in blends)
        {
            var (training, measuring) = tuning.Tokens(blend);
            // Forward alone is about a third of forward and backward.
            var work = training + (measuring / 3.0);
            all += work * wall * Seeds;
            allCpu += work * cpu * Seeds;
            say(string.Create(
                CultureInfo.InvariantCulture,
                $"{BlendStrategies.NameOf(blend.Strategy)}, decay {blend.RateDecay:0.##}: {training:N0} tokens, about {work * wall / 60:N1} minutes ({work * cpu / 60:N1} of CPU) a seed"));
        }

        say(string.Create(CultureInfo.InvariantCulture, $"together about {all / 3600:N1} hours ({allCpu / 3600:N1} of CPU) for {Seeds} seeds, at {1 / wall:N0} tokens a second now"));
    }

    private List<BlendSettings> Blends(ulong seed) =>
        [.. Strategies.SelectMany(_ => Decays, (strategy, decay) => new BlendSettings { Strategy = strategy, Epochs = Epochs, RateDecay = decay, Seed = seed })];

    private static DataSource Source(string file) => new() { Name = "conll2003", File = Path.Combine("ner", "conll2003", file), Format = DataFormat.Conll, Licence = "research only" };

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

    /// <summary>Scores of each blend, seed by seed.</summary>
    private sealed class ScoreTable
    {
        private readonly Dictionary<(BlendStrategy Strategy, double Decay), List<double>> _scores = [];

        public IReadOnlyList<Row> Rows => [.. _scores.Select(static pair => new Row(BlendStrategies.NameOf(pair.Key.Strategy), pair.Key.Decay, pair.Value.Average(), Deviation(pair.Value)))];

        public void Add(BlendSettings blend, double score)
        {
            if (!_scores.TryGetValue((blend.Strategy, blend.RateDecay), out var list))
                _scores[(blend.Strategy, blend.RateDecay)] = list = [];
            list.Add(score);
        }

        private static double Deviation(List<double> values)
        {
            var mean = values.Average();
            return values.Count < 2 ? 0 : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
        }
    }
}
