using System.Buffers;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Topology;
using Streaming.Text.Features;
using Streaming.Text.Heads;
using Streaming.Text.Tokenization;
using Streaming.Text.Words;
using Annotations = Streaming.Core.Models.Annotations;

namespace Streaming.Text.Analysis;

/// <summary>
/// Tokeniser, encoder and heads of one bundle. Heads read each window as it comes and keep their logits, so hidden states
/// are never stored; what a text gets depends on nothing but the text.
/// </summary>
public sealed class EnrichmentModel : IEnrichmentModel
{
    // So many words are gathered at a time that their vectors stay in the second-level cache.
    private const int Tile = 8;
    private const int MaxSentence = 1024;

    private readonly TextPreparer _preparer;
    private readonly Head[] _wordHeads;
    private readonly Head[] _textHeads;
    private readonly (FeatureLayout Layout, int[] Heads)[] _wordLayouts;
    private readonly int[] _wordOffsets;
    private readonly int _wordLogits;
    private readonly int _textLogits;
    private readonly EnrichmentModelOptions _options;

    /// <summary>Composes a model. It owns <paramref name="runner"/> from then on.</summary>
    /// <exception cref="StreamingException"><c>head_invalid</c>: two heads for one task; <c>window_invalid</c>.</exception>
    public EnrichmentModel(ModelIdentity identity, ITokenizer tokenizer, IModelRunner runner, IReadOnlyList<Head> heads, EnrichmentModelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(runner);
        ArgumentNullException.ThrowIfNull(heads);
        _options = options ?? new EnrichmentModelOptions();
        (Identity, Runner, Heads) = (identity, runner, heads);
        _preparer = new TextPreparer(tokenizer, runner.Info, _options.Windows);
        foreach (var group in heads.GroupBy(head => head.Manifest.Task).Where(group => group.Count() > 1))
            throw new StreamingException("head_invalid", $"The bundle has {group.Count()} heads for {group.Key}; keep one.");
        foreach (var head in heads)
        {
            var wanted = head.Manifest.Task is HeadTask.Ner or HeadTask.Absa ? HeadUnit.Token : HeadUnit.Document;
            if (head.Manifest.Unit != wanted)
                throw new StreamingException("head_invalid", $"The head '{head.Manifest.Name}' has unit {head.Manifest.Unit}; its task needs {wanted}.");
        }

        _wordHeads = [.. heads.Where(head => head.Manifest.Unit == HeadUnit.Token)];
        _textHeads = [.. heads.Where(head => head.Manifest.Unit == HeadUnit.Document)];
        _wordLogits = _wordHeads.Sum(head => head.Labels);
        _wordOffsets = [.. _wordHeads.Select((_, index) => _wordHeads.Take(index).Sum(head => head.Labels))];
        _textLogits = _textHeads.Sum(head => head.Labels);
        _wordLayouts = [.. _wordHeads.Select((head, index) => (head.Layout, Index: index)).GroupBy(pair => pair.Layout, pair => pair.Index)
            .Select(group => (group.Key, group.ToArray()))];
    }

    /// <inheritdoc/>
    public ModelIdentity Identity { get; }

    /// <inheritdoc/>
    public IModelRunner Runner { get; }

    /// <summary>The heads.</summary>
    public IReadOnlyList<Head> Heads { get; }

    /// <summary>Composes a model from a bundle and a runner of its encoder.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="runner">Its encoder; owned by the model from then on.</param>
    /// <param name="options">How findings are reported.</param>
    /// <param name="tasks">Only heads of these tasks; null: all.</param>
    public static EnrichmentModel Load(ModelBundle bundle, IModelRunner runner, EnrichmentModelOptions? options = null, IReadOnlySet<HeadTask>? tasks = null)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(runner);
        var heads = bundle.Manifest.Heads.Where(head => tasks?.Contains(head.Task) ?? true).Select(head => Head.Load(bundle, head, runner.Info)).ToList();
        return new EnrichmentModel(bundle.Identity, TokenizerLoader.Load(bundle), runner, heads, options);
    }

    /// <inheritdoc/>
    public StageOutcome<PreparedDocument> Prepare(TextMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var prepared = Prepare(message.Text, words: null);
        return prepared.IsSuccess ? prepared.Value : prepared.Failure;
    }

    /// <summary>As <see cref="Prepare(TextMessage)"/>, with given words instead of those the segmenter finds.</summary>
    /// <param name="text">The text.</param>
    /// <param name="words">Its words in order; null: found.</param>
    public StageOutcome<PreparedText> Prepare(string text, IReadOnlyList<WordSpan>? words)
    {
        var prepared = _preparer.Prepare(text, words);
        if (prepared.IsSuccess)
        {
            var document = prepared.Value;
            document.State = new HeadState(document.Windows.Count, _wordHeads.Length, _textLogits, _options.MeasureUncertainty);
        }

        return prepared;
    }

    /// <inheritdoc/>
    public void Accept(PreparedDocument document, int window, EncoderOutput output, int row)
    {
        ArgumentNullException.ThrowIfNull(output);
        var text = Own(document);
        var state = text.State!;

        // A pass that was repeated after a failure brings windows again; they bring nothing new.
        if (state.IsAccepted(window))
            return;
        AcceptWords(text, window, output, row);
        AcceptText(text, window, output, row);
        state.MarkAccepted(window);
        Advance(text, state);
    }

    /// <inheritdoc/>
    public Annotations Complete(PreparedDocument document)
    {
        var text = Own(document);
        var state = Finished(text);
        var annotations = new Annotations { Coverage = text.Coverage };
        var unsure = new List<TaskUncertainty>();
        if (text.Windows.Count > 0)
        {
            for (var index = 0; index < _wordHeads.Length; index++)
            {
                var head = _wordHeads[index];
                var spans = Locate(text, head, state.Spans[index]);
                annotations = head.Manifest.Task == HeadTask.Ner
                    ? annotations with { Entities = spans.ConvertAll(span => new EntityAnnotation(span.Label, text.Text[span.Start..span.End], span.Start, span.End, span.Confidence)) }
                    : annotations with { Aspects = spans.ConvertAll(span => new AspectAnnotation(text.Text[span.Start..span.End], span.Start, span.End, span.Label, span.Confidence)) };
                if (_options.MeasureUncertainty)
                    unsure.Add(UncertaintyMeasures.OfTags(head.Manifest.Task, state.Unsure[index]));
            }

            var offset = 0;
            foreach (var head in _textHeads)
            {
                var logits = MeanLogits(text, head, state.TextLogits.Slice(offset, text.Windows.Count * head.Labels));
                offset += text.Windows.Count * head.Labels;
                if (head.Categories is { } categories)
                {
                    annotations = annotations with { AspectCategories = Report(head.Categorize(logits), categories) };
                    continue;
                }

                var scores = Classify(head, logits);
                annotations = head.Manifest.Task == HeadTask.Topic
                    ? annotations with { Topics = Report(head, scores) }
                    : annotations with { Sentiment = new SentimentAnnotation(scores[0].Label, scores[0].Confidence, scores) };
                if (_options.MeasureUncertainty)
                    unsure.Add(UncertaintyMeasures.OfScores(head.Manifest.Task, scores));
            }
        }

        text.Dispose();
        return Confident(unsure.Count == 0 ? annotations : annotations with { Uncertainty = unsure }, _options.Thresholds);
    }

    private static Annotations Confident(Annotations found, ThresholdSettings least)
    {
        if (least.Entities is { } entities)
            found = found with { Entities = [.. found.Entities.Where(entity => entity.Confidence >= entities)] };
        if (least.Topics is { } topics)
            found = found with { Topics = [.. found.Topics.Where(topic => topic.Confidence >= topics)] };
        if (found.Sentiment is { } sentiment && sentiment.Confidence < least.Sentiment)
            found = found with { Sentiment = null };
        if (least.Aspects is { } aspects)
        {
            found = found with
            {
                Aspects = [.. found.Aspects.Where(aspect => aspect.Confidence >= aspects)],
                AspectCategories = found.AspectCategories is { } categories ? [.. categories.Where(category => category.Confidence >= aspects)] : null,
            };
        }

        return found;
    }

    /// <summary>Instead of <see cref="Complete"/>: the spans one head finds, in word indices, thresholds not applied.</summary>
    /// <param name="text">A document with every window accepted.</param>
    /// <param name="task">The head's task.</param>
    public IReadOnlyList<TaggedSpan> CompleteTags(PreparedText text, HeadTask task)
    {
        ArgumentNullException.ThrowIfNull(text);
        var state = Finished(text);
        var index = Array.FindIndex(_wordHeads, head => head.Manifest.Task == task);
        IReadOnlyList<TaggedSpan> spans = index < 0 ? [] : state.Spans[index];
        text.Dispose();
        return spans;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Runner.DisposeAsync();

    private static PreparedText Own(PreparedDocument document) =>
        document as PreparedText ?? throw new InvalidOperationException("A model was given a document that another kind of model prepared: this is a bug.");

    private static HeadState Finished(PreparedText text) =>
        text.State is { } state && state.Frontier == text.Windows.Count
            ? state
            : throw new InvalidOperationException("A document was completed twice, or before all its windows: this is a bug.");

    private void AcceptWords(PreparedText text, int window, EncoderOutput output, int row)
    {
        var plan = text.Plan[window];
        var (from, to) = text.WordsOf(plan);
        if (from == to)
            return;
        var logits = text.State!.RentWordLogits(window, (to - from) * _wordLogits);
        foreach (var (layout, heads) in _wordLayouts)
        {
            var stride = Projection.StrideOf(layout.Inputs);
            var rented = ArrayPool<float>.Shared.Rent(Tile * stride);
            var features = rented.AsSpan(0, Tile * stride);
            features.Clear();
            for (var first = from; first < to; first += Tile)
            {
                var count = Math.Min(Tile, to - first);
                for (var word = 0; word < count; word++)
                {
                    var span = text.Words[first + word];
                    FeatureReader.ReadWord(layout, output, row, text.Anchors[first + word] - plan.Start + 1, text.Text.AsSpan(span.Start, span.Length),
                        text.SentenceInitial[first + word], features.Slice(word * stride, layout.Inputs));
                }

                foreach (var index in heads)
                {
                    var head = _wordHeads[index];
                    var place = _wordOffsets[index] * (to - from) + (first - from) * head.Labels;
                    head.Projection.Multiply(features, count, addBias: true, logits.Slice(place, count * head.Labels));
                }
            }

            ArrayPool<float>.Shared.Return(rented);
        }
    }

    /// <summary>Decodes the sentences that are whole by now, as the heads were trained, and gives their logits back.</summary>
    private void Advance(PreparedText text, HeadState state)
    {
        var isLast = state.Frontier == text.Windows.Count;
        var known = isLast ? text.CoveredWords : text.WordsOf(text.Plan[state.Frontier]).From;
        while (state.Decoded < known)
        {
            // An endless sentence is decoded in parts, so that memory stays bounded.
            var end = state.Decoded + 1;
            while (end < known && end - state.Decoded < MaxSentence && !text.SentenceInitial[end])
                end++;
            if (end == known && end - state.Decoded < MaxSentence && !isLast)
                return;
            for (var index = 0; index < _wordHeads.Length; index++)
                DecodeSentence(text, state, index, state.Decoded, end);
            state.Decoded = end;
            while (state.Released < state.Frontier && text.WordsOf(text.Plan[state.Released]).To <= end)
                state.Release();
        }
    }

    private void DecodeSentence(PreparedText text, HeadState state, int index, int first, int end)
    {
        var head = _wordHeads[index];
        var rented = ArrayPool<float>.Shared.Rent((end - first) * head.Labels);
        var logits = rented.AsSpan(0, (end - first) * head.Labels);
        for (var (window, word) = (state.Released, first); word < end; window++)
        {
            var (from, to) = text.WordsOf(text.Plan[window]);
            var until = Math.Min(to, end);
            if (until <= word)
                continue;
            state.WordLogits(window).Slice(_wordOffsets[index] * (to - from) + (word - from) * head.Labels, (until - word) * head.Labels)
                .CopyTo(logits[((word - first) * head.Labels)..]);
            word = until;
        }

        head.Decode(logits, first, state.Spans[index], _options.MeasureUncertainty ? state.Unsure[index] : null);
        ArrayPool<float>.Shared.Return(rented);
    }

    private void AcceptText(PreparedText text, int window, EncoderOutput output, int row)
    {
        var offset = 0;
        var (from, to) = text.PlacesOf(window);
        FeatureLayout? layout = null;
        float[]? rented = null;
        foreach (var head in _textHeads)
        {
            if (!head.Layout.Equals(layout))
            {
                layout = head.Layout;
                if (rented is null || rented.Length < head.Projection.Stride)
                {
                    if (rented is not null)
                        ArrayPool<float>.Shared.Return(rented);
                    rented = ArrayPool<float>.Shared.Rent(head.Projection.Stride);
                }

                rented.AsSpan(0, head.Projection.Stride).Clear();
                FeatureReader.SumTokens(layout, output, row, from, to, rented.AsSpan(0, layout.Inputs));
            }

            // A linear layer of a mean is the mean of linear layers: each window leaves a few numbers behind, no vector.
            head.Projection.Multiply(rented, 1, addBias: false, text.State!.TextLogits.Slice(offset + window * head.Labels, head.Labels));
            offset += text.Windows.Count * head.Labels;
        }

        if (rented is not null)
            ArrayPool<float>.Shared.Return(rented);
    }

    private static List<(string Label, int Start, int End, double Confidence)> Locate(PreparedText text, Head head, List<TaggedSpan> spans)
    {
        var found = new List<(string Label, int Start, int End, double Confidence)>(spans.Count);
        foreach (var span in spans)
        {
            if (head.Manifest.Thresholds.TryGetValue(span.Type, out var threshold) && span.Confidence < threshold)
                continue;
            var (start, end) = SpanWidener.Widen(text.Text, text.Words[span.First].Start, text.Words[span.Last].End);
            found.Add((span.Type, start, end, span.Confidence));
        }

        return found;
    }

    private static float[] MeanLogits(PreparedText text, Head head, ReadOnlySpan<float> sums)
    {
        var places = 2 + text.CoveredTokens;
        var logits = new float[head.Labels];
        for (var label = 0; label < head.Labels; label++)
        {
            var sum = 0.0;
            for (var window = 0; window < text.Windows.Count; window++)
                sum += sums[window * head.Labels + label];
            logits[label] = (float)(sum / places) + head.Projection.Bias[label];
        }

        return logits;
    }

    private static List<LabelScore> Classify(Head head, ReadOnlySpan<float> logits)
    {
        Span<double> probabilities = head.Labels <= 256 ? stackalloc double[head.Labels] : new double[head.Labels];
        head.Classify(logits, probabilities);
        var scores = new List<LabelScore>(head.Labels);
        for (var label = 0; label < head.Labels; label++)
            scores.Add(new LabelScore(head.Manifest.Labels[label], probabilities[label]));
        scores.Sort(static (left, right) => right.Confidence.CompareTo(left.Confidence) is var order and not 0 ? order : string.CompareOrdinal(left.Label, right.Label));
        return scores;
    }

    private static List<AspectCategoryAnnotation> Report(CategoryScore[] scores, CategorySet set)
    {
        var found = new List<AspectCategoryAnnotation>();
        foreach (var score in scores)
        {
            if (score.Found)
                found.Add(new AspectCategoryAnnotation(set.Categories[score.Category], set.Sentiments[score.Sentiment], score.Confidence));
        }

        found.Sort(static (left, right) => right.Confidence.CompareTo(left.Confidence) is var order and not 0 ? order : string.CompareOrdinal(left.Category, right.Category));
        return found;
    }

    private List<LabelScore> Report(Head head, List<LabelScore> scores)
    {
        var kept = new List<LabelScore>();
        foreach (var score in scores)
        {
            var keeps = head.Manifest.Thresholds.TryGetValue(score.Label, out var threshold)
                ? score.Confidence >= threshold
                : kept.Count == 0 || score.Confidence >= _options.MinTopicConfidence;
            if (keeps)
                kept.Add(score);
        }

        return kept;
    }
}
