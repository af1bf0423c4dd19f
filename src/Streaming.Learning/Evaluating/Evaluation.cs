using System.Numerics.Tensors;
using System.Text.Json;
using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Data;
using Streaming.Learning.Features;
using Streaming.Learning.Metrics;
using Streaming.Learning.Recipes;
using Streaming.Learning.Training;
using Streaming.Text.Analysis;
using Streaming.Text.Heads;
using Streaming.Text.Tokenization;

namespace Streaming.Learning.Evaluating;

/// <summary>Measures a head of a bundle on a data file.</summary>
/// <param name="bundle">The bundle.</param>
/// <param name="runner">Runs its encoder; stays the caller's.</param>
public sealed class Evaluation(ModelBundle bundle, IModelRunner runner)
{
    private readonly Encoding _encoding = new(TokenizerLoader.Load(bundle), runner);

    /// <summary>Measures.</summary>
    /// <exception cref="StreamingException"><c>head_not_found</c>, or of the data, with its code.</exception>
    public async ValueTask<EvaluationReport> RunAsync(EvaluationRequest request, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        var manifest = bundle.Manifest.Heads.FirstOrDefault(h => h.Task == request.Task)
            ?? throw new StreamingException("head_not_found", $"The bundle {Name} has no head for {TaskName(request.Task)}. It has {(bundle.Manifest.Heads.Count == 0 ? "none" : string.Join(", ", bundle.Manifest.Heads.Select(h => TaskName(h.Task))))}.");
        var head = Head.Load(bundle, manifest, runner.Info);
        var (loader, sources) = request.Sources is { } told
            ? (new SampleLoader(request.Root ?? throw new ArgumentException("Sources need their root.", nameof(request))), told)
            : OfFile(request, manifest);
        if (head.Categories is { } categories)
            return await CategorizeAsync(head, [.. sources.SelectMany(source => loader.Categorized(source, categories))], request, progress, cancellationToken).ConfigureAwait(false);
        return manifest.Unit == HeadUnit.Document
            ? await ClassifyAsync(head, [.. sources.SelectMany(source => loader.Classified(source, manifest.Labels))], request, progress, cancellationToken).ConfigureAwait(false)
            : await TagAsync(head, [.. sources.SelectMany(source => loader.Tagged(source, Types(manifest)))], request, progress, cancellationToken).ConfigureAwait(false);
    }

    private static (SampleLoader Loader, IReadOnlyList<DataSource> Sources) OfFile(EvaluationRequest request, HeadManifest manifest)
    {
        var path = Path.GetFullPath(request.File);
        if (!File.Exists(path))
            throw DataErrors.Missing(request.File);
        return (new SampleLoader(Path.GetDirectoryName(path)!),
        [
            new DataSource
            {
                Name = Path.GetFileName(path),
                File = Path.GetFileName(path),
                Format = request.Format,
                Licence = "",
                Read = request.LabelNames is null ? request.Read : request.Read with { LabelNames = LabelNames.ReadFile(request.LabelNames) },
                Mapping = request.Groups is null ? request.Mapping : LabelGroups.Read(request.Groups, Types(manifest) is { Count: > 0 } types ? types : manifest.Labels),
                Annotates = request.Types,
            },
        ]);
    }

    private string Name => $"{bundle.Manifest.Name}@{bundle.Manifest.Version}";

    private async ValueTask<EvaluationReport> ClassifyAsync(
        Head head, List<ClassifiedText> samples, EvaluationRequest request, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        var gold = samples.Select(s => s.Label).ToArray();
        var logits = await LogitsAsync(head, samples.ConvertAll(s => s.Text), progress, cancellationToken).ConfigureAwait(false);
        var predicted = Enumerable.Range(0, gold.Length).Select(i => TensorPrimitives.IndexOfMax<double>(logits.AsSpan(i * head.Labels, head.Labels))).ToArray();
        var report = ClassificationReport.Of(gold, predicted, head.Labels);
        var interval = BootstrapInterval.Of(gold.Length, request.Seed, 1000, 0.95, draw => draw.Count(i => gold[i] == predicted[i]) / (double)draw.Length);
        var probabilities = ProbabilityReport.Of(logits, gold, head.Labels, head.Manifest.Temperature);
        return new EvaluationReport
        {
            Bundle = Name,
            Task = TaskName(request.Task),
            Data = Path.GetFileName(request.File),
            Samples = gold.Length,
            MicroF1 = report.Micro.F1,
            MacroF1 = report.Macro.F1,
            Accuracy = report.Accuracy,
            MicroF1Low = interval.Low,
            MicroF1High = interval.High,
            Ece = probabilities.Calibration.ExpectedError,
            Brier = probabilities.Brier,
            PerType = new SortedDictionary<string, PrecisionRecall>(
                Enumerable.Range(0, head.Labels).ToDictionary(k => head.Manifest.Labels[k], k => report.Classes[k]), StringComparer.Ordinal),
            Details = DetailCollector.OfTexts(samples, predicted, logits, head.Manifest, probabilities.Calibration, report.Confusion),
        };
    }

    private async ValueTask<EvaluationReport> CategorizeAsync(
        Head head, List<CategorizedText> samples, EvaluationRequest request, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        var scores = CategoryTraining.Decode(head, await LogitsAsync(head, samples.ConvertAll(s => s.Text), progress, cancellationToken).ConfigureAwait(false));
        var report = CategoryReport.Of(samples, scores, head.Categories!);
        var interval = BootstrapInterval.OfMicroF1(report.Samples, request.Seed);
        return new EvaluationReport
        {
            Bundle = Name,
            Task = TaskName(request.Task),
            Data = Path.GetFileName(request.File),
            Samples = samples.Count,
            MicroF1 = report.Pairs.Micro.F1,
            MacroF1 = report.Pairs.Macro?.F1 ?? 0,
            Accuracy = report.SentimentAccuracy,
            MicroF1Low = interval.Low,
            MicroF1High = interval.High,
            Ece = report.Calibration.ExpectedError,
            Brier = report.Brier,
            PerType = report.Pairs.Types,
            Categories = report.Categories.Micro,
            Pairs = report.Pairs.Micro,
            Details = DetailCollector.OfCategories(samples, scores, head.Categories!, report),
        };
    }

    /// <summary>Logits [texts, labels]; zeros for a text without tokens.</summary>
    private async ValueTask<double[]> LogitsAsync(Head head, List<string> texts, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        var logits = new double[texts.Count * head.Labels];
        await _encoding.ExtractAsync(
            head.Layout,
            texts.ConvertAll(static text => new FeatureText(text, [])),
            TextHeadFitting.Into(logits, head),
            done => progress?.Report(done),
            cancellationToken).ConfigureAwait(false);
        return logits;
    }

    private async ValueTask<EvaluationReport> TagAsync(
        Head head, List<TaggedText> samples, EvaluationRequest request, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        var spans = await DecodeAsync(head, samples, progress, cancellationToken).ConfigureAwait(false);
        var predicted = TaggerMetrics.WordSpans(spans);
        var counter = TaggerMetrics.Count(samples, predicted);
        var report = counter.ToReport();
        var interval = BootstrapInterval.OfMicroF1(counter.Samples, request.Seed);
        var calibration = TaggerMetrics.Calibration(samples, spans);
        AspectReport? aspects = null;
        if (request.Task == HeadTask.Absa)
            aspects = AspectReport.Of(samples.Select((t, i) => ((IReadOnlyCollection<TagSpan>)TaggedUnits.Gold(t), (IReadOnlyCollection<TagSpan>)TaggedUnits.Scored(predicted[i], t))));
        return new EvaluationReport
        {
            Bundle = Name,
            Task = TaskName(request.Task),
            Data = Path.GetFileName(request.File),
            Samples = samples.Count,
            MicroF1 = report.Micro.F1,
            MacroF1 = report.Macro?.F1 ?? 0,
            Accuracy = WordAccuracy(samples, predicted),
            MicroF1Low = interval.Low,
            MicroF1High = interval.High,
            Ece = calibration.ExpectedError,
            Brier = DetailCollector.Brier(samples, spans),
            PerType = report.Types,
            Terms = aspects?.Terms.Micro,
            Pairs = aspects?.Pairs.Micro,
            RawTextMicroF1 = request.RawText && samples.Exists(s => s.Characters is null) ? await RawTextAsync(head, samples, progress, cancellationToken).ConfigureAwait(false) : null,
            Details = DetailCollector.OfSpans(samples, spans, Types(head.Manifest), counter.Samples, calibration),
        };
    }

    /// <summary>The same sentences as running text: predicted characters are brought back to the given words.</summary>
    private async ValueTask<double> RawTextAsync(Head head, List<TaggedText> samples, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        var raw = samples.ConvertAll(s => s with { Words = SampleLoader.SegmentedWords(s.Text), Spans = [] });
        var spans = await DecodeAsync(head, raw, progress, cancellationToken).ConfigureAwait(false);
        var predicted = new List<IReadOnlyList<TagSpan>>(samples.Count);
        for (var i = 0; i < samples.Count; i++)
        {
            var characters = Iob2.ToCharacters(spans[i].Select(s => new TagSpan(s.Type, s.First, s.Last)), raw[i].Words);
            predicted.Add(Iob2.FromCharacters(characters, samples[i].Words));
        }

        return TaggerMetrics.Count(samples, predicted).ToReport().Micro.F1;
    }

    private async ValueTask<List<TaggedSpan>[]> DecodeAsync(Head head, List<TaggedText> samples, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        var spans = new List<TaggedSpan>[samples.Count];
        await _encoding.ExtractAsync(
            head.Layout,
            samples.ConvertAll(TaggedUnits.ToFeatureText),
            (text, features) => spans[text] = TaggerTraining.Decode(head, samples[text], TaggedUnits.Logits(head, features, samples[text].Words.Count)),
            done => progress?.Report(done),
            cancellationToken).ConfigureAwait(false);
        return spans;
    }

    private static double WordAccuracy(List<TaggedText> samples, List<IReadOnlyList<TagSpan>> predicted)
    {
        var (right, words) = (0L, 0L);
        for (var i = 0; i < samples.Count; i++)
        {
            var counted = predicted[i].Where(s => samples[i].Types is null || samples[i].Types!.Contains(s.Type));
            var tags = Iob2.FromSpans(counted, samples[i].Words.Count);
            var gold = Iob2.FromSpans(samples[i].Spans, samples[i].Words.Count);
            for (var w = 0; w < tags.Length; w++)
                right += tags[w] == gold[w] ? 1 : 0;
            words += tags.Length;
        }

        return words == 0 ? 0 : (double)right / words;
    }

    private static List<string> Types(HeadManifest manifest) =>
        [.. manifest.Labels.Where(l => l.StartsWith("B-", StringComparison.Ordinal)).Select(l => l[2..])];

    private static string TaskName(HeadTask task) => JsonNamingPolicy.SnakeCaseLower.ConvertName(task.ToString());
}
