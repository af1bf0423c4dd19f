using System.Numerics.Tensors;
using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Features;
using Streaming.Text.Sequences;

namespace Streaming.Text.Heads;

/// <summary>
/// A small model on the encoder's hidden states: a linear layer, with a softmax or a linear-chain CRF on top, calibrated by
/// one temperature. Immutable, safe for concurrent use.
/// </summary>
/// <remarks>
/// Weights (safetensors, float32): <c>weight</c> [outputs, inputs], <c>bias</c> [outputs]; for a CRF also <c>crf.start</c> [K],
/// <c>crf.transitions</c> [from, to], <c>crf.end</c> [K]. Inputs are those of <see cref="FeatureLayout"/>.
/// </remarks>
public sealed class Head
{
    private readonly LinearChainCrf? _crf;

    /// <summary>A head from its weights.</summary>
    /// <param name="manifest">What it is.</param>
    /// <param name="encoder">What it reads from.</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="bias">[outputs].</param>
    /// <param name="crf">Start, transitions and end scores, as they were trained; null for softmax.</param>
    /// <exception cref="StreamingException"><c>head_invalid</c>, <c>head_layer_missing</c>.</exception>
    public Head(
        HeadManifest manifest, EncoderInfo encoder, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias,
        (float[] Start, float[] Transitions, float[] End)? crf = null)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        Manifest = manifest;
        var labels = manifest.Labels.Count;
        Layout = FeatureLayout.Create(encoder, manifest.Unit, manifest.Layers, manifest.WordShape);
        if (bias.Length != labels || weight.Length != labels * (long)Layout.Inputs)
            throw Invalid($"its weights are {weight.Length} and its biases {bias.Length}, but {labels} labels × {Layout.Inputs} inputs were expected");
        if (!(manifest.Temperature > 0) || !double.IsFinite(manifest.Temperature))
            throw Invalid($"its temperature is {manifest.Temperature}");
        if (!TensorPrimitives.IsFiniteAll(weight) || !TensorPrimitives.IsFiniteAll(bias))
            throw Invalid("it has weights that are no finite numbers");
        if (manifest.Kind == HeadKind.Crf != crf is not null || crf is not null && manifest.Unit != HeadUnit.Token)
            throw Invalid("a CRF is for words and needs crf.start, crf.transitions and crf.end");
        if (crf is { } scores)
        {
            if (scores.Start.Length != labels || scores.End.Length != labels || scores.Transitions.Length != labels * labels)
                throw Invalid($"the shapes of its CRF do not fit {labels} labels");
            _crf = new LinearChainCrf(Scale(scores.Start), Scale(scores.Transitions), Scale(scores.End));
        }

        Projection = new Projection(weight, bias);
        Tags = manifest.Unit == HeadUnit.Token ? new TagSet(manifest.Labels) : null;
        Categories = manifest.Task == HeadTask.AspectCategory ? new CategorySet(manifest.Labels) : null;
    }

    /// <summary>What the head is.</summary>
    public HeadManifest Manifest { get; }

    /// <summary>What it reads.</summary>
    public FeatureLayout Layout { get; }

    /// <summary>Its labels as tags; null for heads on whole texts.</summary>
    public TagSet? Tags { get; }

    /// <summary>Its labels as categories of aspects; null for other tasks.</summary>
    public CategorySet? Categories { get; }

    internal Projection Projection { get; }

    /// <summary>Number of labels.</summary>
    public int Labels => Manifest.Labels.Count;

    /// <summary>Loads a head of a bundle, from verified bytes.</summary>
    public static Head Load(ModelBundle bundle, HeadManifest manifest, EncoderInfo encoder)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        using var file = bundle.OpenHead(manifest);
        return Load(file, manifest, encoder);
    }

    /// <summary>Loads a head from an open weights file.</summary>
    public static Head Load(SafetensorsFile file, HeadManifest manifest, EncoderInfo encoder)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(manifest);
        var labels = manifest.Labels.Count;
        var inputs = FeatureLayout.Create(encoder, manifest.Unit, manifest.Layers, manifest.WordShape).Inputs;
        var weight = file.ReadSingles("weight", labels, inputs);
        var bias = file.ReadSingles("bias", labels);
        return manifest.Kind == HeadKind.Crf
            ? new Head(manifest, encoder, weight, bias,
                (file.ReadSingles("crf.start", labels), file.ReadSingles("crf.transitions", labels, labels), file.ReadSingles("crf.end", labels)))
            : new Head(manifest, encoder, weight, bias);
    }

    /// <summary>Logits of one vector.</summary>
    /// <param name="features"><see cref="FeatureLayout.Inputs"/> values.</param>
    /// <param name="logits">Receives one value a label, not divided by the temperature.</param>
    public void Project(ReadOnlySpan<float> features, Span<float> logits)
    {
        var row = new float[Projection.Stride];
        features[..Layout.Inputs].CopyTo(row);
        Projection.Multiply(row, 1, addBias: true, logits);
    }

    /// <summary>Calibrated probabilities of a text's labels.</summary>
    /// <param name="logits">One value a label.</param>
    /// <param name="probabilities">Receives values that sum to 1.</param>
    public void Classify(ReadOnlySpan<float> logits, Span<double> probabilities) => Softmax(logits, probabilities);

    /// <summary>What the head says of every category, in their order. One is found where it is at least as probable as its threshold says, 0.5 where there is none.</summary>
    /// <param name="logits">One value a label.</param>
    public CategoryScore[] Categorize(ReadOnlySpan<float> logits)
    {
        var set = Categories ?? throw new InvalidOperationException("A head without categories was asked for them: this is a bug.");
        var scores = new CategoryScore[set.Categories.Count];
        Span<double> probabilities = set.Outcomes <= 256 ? stackalloc double[set.Outcomes] : new double[set.Outcomes];
        for (var category = 0; category < scores.Length; category++)
        {
            Softmax(logits.Slice(category * set.Outcomes, set.Outcomes), probabilities);
            var presence = 1 - probabilities[0];
            var sentiment = TensorPrimitives.IndexOfMax<double>(probabilities[1..]);
            var least = Manifest.Thresholds.GetValueOrDefault(set.Categories[category], 0.5);
            scores[category] = new CategoryScore(category, sentiment, presence, probabilities[1 + sentiment], presence >= least);
        }

        return scores;
    }

    /// <summary>Appends the spans of one sentence.</summary>
    /// <param name="logits">[words, labels] of the sentence.</param>
    /// <param name="firstWord">Index of its first word, added to the spans'.</param>
    /// <param name="spans">Receives spans in order.</param>
    /// <param name="unsure">Receives how unsure the head was; null spares the work.</param>
    public void Decode(ReadOnlySpan<float> logits, int firstWord, List<TaggedSpan> spans, TagUncertainty? unsure = null)
    {
        ArgumentNullException.ThrowIfNull(spans);
        var tags = Tags ?? throw new InvalidOperationException("A head on whole texts was asked for tags: this is a bug.");
        var words = logits.Length / Labels;
        if (words == 0)
            return;
        using var work = new Workspace(logits.Length, words);
        var scores = work.Doubles;
        var path = work.Ints;
        if (_crf is null)
        {
            for (var word = 0; word < words; word++)
            {
                var row = scores.Slice(word * Labels, Labels);
                Softmax(logits.Slice(word * Labels, Labels), row);
                path[word] = TensorPrimitives.IndexOfMax<double>(row);
            }
        }
        else
        {
            for (var i = 0; i < logits.Length; i++)
                scores[i] = logits[i] / Manifest.Temperature;
            _crf.Viterbi(scores, path);
        }

        CrfPosterior? posterior = null;
        if (unsure is not null)
        {
            if (_crf is not null)
                _crf.Infer(scores, posterior = new CrfPosterior());
            unsure.Add(posterior is null ? scores : posterior.Marginals, path, posterior is null ? LogProduct(scores, path) : _crf!.Score(scores, path) - posterior.LogPartition);
        }

        for (var first = 0; first < words;)
        {
            var last = first;
            if (!tags.IsOutside(path[first]))
            {
                while (last + 1 < words && tags.Continues(path[last], path[last + 1]))
                    last++;
                if (_crf is not null && posterior is null)
                    _crf.Infer(scores, posterior = new CrfPosterior());
                var labels = path[first..(last + 1)];
                var confidence = posterior is null
                    ? Independent(scores, first, labels, tags.InsideOf(path[first]))
                    : _crf!.SpanProbability(scores, posterior, first, labels, tags.InsideOf(path[first]));
                spans.Add(new TaggedSpan(tags.TypeOf(path[first]), firstWord + first, firstWord + last, confidence));
            }

            first = last + 1;
        }

        posterior?.Dispose();
    }

    private double Independent(ReadOnlySpan<double> probabilities, int first, ReadOnlySpan<int> labels, int notNext)
    {
        var confidence = 1.0;
        for (var i = 0; i < labels.Length; i++)
            confidence *= probabilities[(first + i) * Labels + labels[i]];
        var next = (first + labels.Length) * Labels;
        return notNext >= 0 && next < probabilities.Length ? confidence * (1 - probabilities[next + notNext]) : confidence;
    }

    private double LogProduct(ReadOnlySpan<double> probabilities, ReadOnlySpan<int> path)
    {
        var sum = 0.0;
        for (var word = 0; word < path.Length; word++)
            sum += Math.Log(probabilities[word * Labels + path[word]]);
        return sum;
    }

    private void Softmax(ReadOnlySpan<float> logits, Span<double> probabilities)
    {
        var max = TensorPrimitives.Max(logits);
        var sum = 0.0;
        for (var label = 0; label < logits.Length; label++)
            sum += probabilities[label] = Math.Exp((logits[label] - (double)max) / Manifest.Temperature);
        for (var label = 0; label < logits.Length; label++)
            probabilities[label] /= sum;
    }

    private double[] Scale(float[] scores) => Array.ConvertAll(scores, score => score / Manifest.Temperature);

    private StreamingException Invalid(string what) =>
        new("head_invalid", $"The head '{Manifest.Name}' can't be used: {what}. Restore the bundle or train the head again.");
}
