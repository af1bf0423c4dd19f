using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Blending;
using Streaming.Learning.Data;
using Streaming.Learning.Features;
using Streaming.Learning.Heads;
using Streaming.Learning.Metrics;
using Streaming.Learning.Training;
using Streaming.Text.Analysis;
using Streaming.Text.Features;
using Streaming.Text.Heads;
using Streaming.Text.Tokenization;

namespace Streaming.Learning.Retraining;

/// <summary>
/// Teaches one head on a frozen encoder from labelled texts. Features are taken once and serve any number of trainings; a
/// training begins where a head stands already, or from nothing.
/// </summary>
/// <param name="tokenizer">The encoder's.</param>
/// <param name="runner">Runs the encoder; stays the caller's.</param>
/// <param name="head">What the head is: labels, layers, kind. Its weights file is not read.</param>
public sealed class HeadLearner(ITokenizer tokenizer, IModelRunner runner, HeadManifest head)
{
    private readonly Encoding _encoding = new(tokenizer, runner);
    private readonly IReadOnlyList<string> _types = LearningSample.TypesOf(head);

    /// <summary>Takes the features of samples.</summary>
    /// <param name="samples">At least one.</param>
    /// <param name="scratch">File to keep them in while the set lives.</param>
    /// <param name="progress">Told how many texts are done; may be null.</param>
    /// <param name="cancellationToken">Ends the work between passes.</param>
    public async Task<LearningSet> PrepareAsync(IReadOnlyList<LearningSample> samples, string scratch, Action<int>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var layout = FeatureLayout.Create(runner.Info, head.Unit, head.Layers, head.WordShape);
        var isTagger = head.Unit == HeadUnit.Token;
        var starts = new int[samples.Count + 1];
        for (var i = 0; i < samples.Count; i++)
            starts[i + 1] = starts[i] + (isTagger ? samples[i].Tagged!.Words.Count : 1);
        var cache = new FeatureCache(scratch, layout.Inputs, starts[^1]);
        try
        {
            await _encoding.ExtractAsync(layout, Texts(samples), (text, vectors) => cache.Write(starts[text], vectors), progress, cancellationToken).ConfigureAwait(false);
            cache.Seal();
            var rows = new TrainingRows(cache, head.Labels.Count);
            var distilled = new List<bool>();
            foreach (var sample in samples)
            {
                if (!isTagger)
                {
                    rows.AddUnit([1u << sample.Classified!.Label]);
                    distilled.Add(sample.IsDistilled);
                    continue;
                }

                var allowed = TaggedUnits.Allowed(sample.Tagged!, _types);
                foreach (var (first, count) in TaggedUnits.Units(sample.Tagged!, keepSpansWhole: true))
                {
                    rows.AddUnit(allowed.AsSpan(first, count));
                    distilled.Add(sample.IsDistilled);
                }
            }

            return new LearningSet(rows, distilled, head.Layers.Count * runner.Info.Dimensions);
        }
        catch
        {
            cache.Dispose();
            throw;
        }
    }

    /// <summary>Trains.</summary>
    /// <param name="set">From <see cref="PrepareAsync"/>.</param>
    /// <param name="settings">The blend.</param>
    /// <param name="from">Where to begin: a head of the same labels and inputs; null: from nothing.</param>
    /// <param name="progress">Told each epoch (from 1) and its mean loss; may be null.</param>
    /// <param name="cancellationToken">Observed at every step.</param>
    /// <returns>The head, not calibrated.</returns>
    public async Task<TrainedHead> FitAsync(LearningSet set, BlendSettings settings, TrainedHead? from, Action<int, double>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(set);
        var standardizer = new Standardizer(set.Rows.Cache, set.DenseColumns);
        var isChain = head.Kind == HeadKind.Crf;
        var labels = head.Labels.Count;
        var layout = new HeadParameters(labels, DenseKernels.Stride(set.Rows.Cache.Dimensions), isChain);
        IObjective objective = isChain ? new ChainObjective(set.Rows, standardizer, head.Labels) : new SoftmaxObjective(set.Rows, standardizer);
        var parameters = objective is ChainObjective chain ? chain.Initial() : new float[objective.ParameterCount];
        if (from is not null)
        {
            standardizer.Unfold(from.Weights, from.Bias, parameters, layout.Stride);
            if (from.Chain is { } old)
            {
                old.Transitions.CopyTo(parameters, layout.Transitions);
                old.Start.CopyTo(parameters, layout.Start);
                old.End.CopyTo(parameters, layout.End);
            }
        }

        var sampler = new BlendSampler(settings, set.IsDistilled);
        await new AdamOptimizer
        {
            Epochs = settings.Epochs,
            BatchSize = settings.BatchSize,
            LearningRate = settings.LearningRate,
            L2 = settings.L2,
            Seed = settings.Seed,
            RateDecay = settings.RateDecay,
            UnitsOf = sampler.UnitsOf,
        }.MinimizeAsync(objective, parameters, progress, cancellationToken).ConfigureAwait(false);
        var (weights, bias) = standardizer.Fold(parameters, parameters.AsSpan(layout.Bias, labels), layout.Stride);
        return new TrainedHead(head with { Temperature = 1 }, weights, bias, isChain
            ? (parameters.AsSpan(layout.Start, labels).ToArray(), parameters.AsSpan(layout.Transitions, labels * labels).ToArray(), parameters.AsSpan(layout.End, labels).ToArray())
            : null);
    }

    /// <summary>The head with the temperature that makes held-out labels most probable; as it is when there are none.</summary>
    public async Task<TrainedHead> CalibrateAsync(TrainedHead trained, IReadOnlyList<LearningSample> heldOut, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(trained);
        ArgumentNullException.ThrowIfNull(heldOut);
        if (heldOut.Count == 0)
            return trained;
        var bare = Make(trained);
        double temperature;
        if (head.Unit == HeadUnit.Token)
        {
            var zeros = new float[bare.Labels];
            var calibration = new ChainCalibration(trained.Chain ?? (zeros, new float[bare.Labels * bare.Labels], zeros));
            await _encoding.ExtractAsync(
                bare.Layout,
                Texts(heldOut),
                (text, vectors) =>
                {
                    var tagged = heldOut[text].Tagged!;
                    var logits = TaggedUnits.Logits(bare, vectors, tagged.Words.Count);
                    var allowed = TaggedUnits.Allowed(tagged, _types);
                    foreach (var (first, count) in TaggedUnits.Units(tagged, keepSpansWhole: true))
                        calibration.Add(logits.AsSpan(first * bare.Labels, count * bare.Labels), allowed.AsSpan(first, count));
                },
                null,
                cancellationToken).ConfigureAwait(false);
            temperature = calibration.Fit(cancellationToken);
        }
        else
        {
            var (logits, gold) = (new double[heldOut.Count * bare.Labels], heldOut.Select(static s => s.Classified!.Label).ToArray());
            await ProjectAsync([bare], heldOut, (_, text, row) =>
            {
                for (var k = 0; k < row.Length; k++)
                    logits[(text * row.Length) + k] = row[k];
            }, cancellationToken).ConfigureAwait(false);
            temperature = TemperatureScaling.Fit(logits, gold, bare.Labels);
        }

        return trained with { Manifest = trained.Manifest with { Temperature = temperature } };
    }

    /// <summary>Measures several heads of the same inputs on the same samples, with one pass of the encoder.</summary>
    /// <returns>One measurement a head, in its order.</returns>
    public async Task<IReadOnlyList<HeadMeasurement>> MeasureAsync(IReadOnlyList<TrainedHead> heads, IReadOnlyList<LearningSample> samples, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(heads);
        ArgumentNullException.ThrowIfNull(samples);
        var made = heads.Select(Make).ToList();
        if (head.Unit == HeadUnit.Token)
        {
            var spans = made.Select(_ => new List<TaggedSpan>[samples.Count]).ToArray();
            await _encoding.ExtractAsync(
                made[0].Layout,
                Texts(samples),
                (text, vectors) =>
                {
                    var tagged = samples[text].Tagged!;
                    for (var h = 0; h < made.Count; h++)
                        spans[h][text] = TaggerTraining.Decode(made[h], tagged, TaggedUnits.Logits(made[h], vectors, tagged.Words.Count));
                },
                null,
                cancellationToken).ConfigureAwait(false);
            var texts = samples.Select(static s => s.Tagged!).ToList();
            return [.. spans.Select(found => HeadMeasurement.OfSpans(texts, found))];
        }

        var logits = made.Select(h => new double[samples.Count * h.Labels]).ToArray();
        await ProjectAsync(made, samples, (h, text, row) =>
        {
            for (var k = 0; k < row.Length; k++)
                logits[h][(text * row.Length) + k] = row[k];
        }, cancellationToken).ConfigureAwait(false);
        var gold = samples.Select(static s => s.Classified!.Label).ToArray();
        return [.. logits.Select((values, h) => HeadMeasurement.OfClasses(gold, values, made[h].Manifest))];
    }

    /// <summary>What several heads of the same inputs find in texts, and how long each takes beside the encoder.</summary>
    /// <returns>Findings by head and text; times by head and text, in any order of texts.</returns>
    public async Task<(IReadOnlyList<IReadOnlyList<HashSet<LabelledSpan>>> Findings, IReadOnlyList<IReadOnlyList<TimeSpan>> Times)> PredictAsync(
        IReadOnlyList<TrainedHead> heads, IReadOnlyList<string> texts, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(heads);
        ArgumentNullException.ThrowIfNull(texts);
        var made = heads.Select(Make).ToList();
        var findings = made.Select(_ => texts.Select(static _ => new HashSet<LabelledSpan>()).ToArray()).ToArray();
        var times = made.Select(_ => new List<TimeSpan>(texts.Count)).ToArray();
        var samples = texts.Select(text => head.Unit == HeadUnit.Token
            ? new LearningSample { Tagged = new TaggedText(text, SampleLoader.SegmentedWords(text), [], null, "replay"), IsDistilled = true }
            : new LearningSample { Classified = new ClassifiedText(text, 0, "replay"), IsDistilled = true }).ToList();
        await _encoding.ExtractAsync(
            made[0].Layout,
            Texts(samples),
            (text, vectors) =>
            {
                for (var h = 0; h < made.Count; h++)
                {
                    var started = time.GetTimestamp();
                    Find(made[h], samples[text], vectors, findings[h][text]);
                    times[h].Add(time.GetElapsedTime(started));
                }
            },
            null,
            cancellationToken).ConfigureAwait(false);
        return (findings, times);
    }

    private static void Find(Head head, LearningSample sample, ReadOnlySpan<float> vectors, HashSet<LabelledSpan> found)
    {
        if (sample.Tagged is { } tagged)
        {
            foreach (var span in TaggerTraining.Decode(head, tagged, TaggedUnits.Logits(head, vectors, tagged.Words.Count)))
                found.Add(new LabelledSpan(tagged.Words[span.First].Start, tagged.Words[span.Last].End, span.Type));
        }
        else if (!vectors.IsEmpty)
        {
            var logits = new float[head.Labels];
            head.Project(vectors, logits);
            found.Add(new LabelledSpan(0, sample.Text.Length, head.Manifest.Labels[Array.IndexOf(logits, logits.Max())]));
        }
    }

    /// <summary>A head as a bundle has it.</summary>
    public static TrainedHead Read(ModelBundle bundle, HeadManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(manifest);
        using var file = bundle.OpenHead(manifest);
        var labels = manifest.Labels.Count;
        var bias = file.ReadSingles("bias", labels);
        var inputs = (manifest.Layers.Count * bundle.Manifest.Encoder.Dimensions) + (manifest.WordShape ? Text.Words.WordShape.Dimensions : 0);
        return new TrainedHead(manifest, file.ReadSingles("weight", labels, inputs), bias, manifest.Kind == HeadKind.Crf
            ? (file.ReadSingles("crf.start", labels), file.ReadSingles("crf.transitions", labels, labels), file.ReadSingles("crf.end", labels))
            : null);
    }

    private Head Make(TrainedHead trained) => new(trained.Manifest, runner.Info, trained.Weights, trained.Bias, trained.Chain);

    private Task ProjectAsync(IReadOnlyList<Head> heads, IReadOnlyList<LearningSample> samples, Action<int, int, float[]> sink, CancellationToken cancellationToken)
    {
        var row = new float[heads[0].Labels];
        return _encoding.ExtractAsync(
            heads[0].Layout,
            Texts(samples),
            (text, vectors) =>
            {
                if (vectors.IsEmpty)
                    return;
                for (var h = 0; h < heads.Count; h++)
                {
                    heads[h].Project(vectors, row);
                    sink(h, text, row);
                }
            },
            null,
            cancellationToken);
    }

    private List<FeatureText> Texts(IReadOnlyList<LearningSample> samples) =>
        [.. samples.Select(sample => head.Unit == HeadUnit.Token ? TaggedUnits.ToFeatureText(sample.Tagged!) : new FeatureText(sample.Classified!.Text, []))];
}
