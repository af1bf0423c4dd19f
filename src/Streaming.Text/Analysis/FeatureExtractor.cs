using System.Buffers;
using System.Numerics.Tensors;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Features;
using Streaming.Text.Tokenization;

namespace Streaming.Text.Analysis;

/// <summary>Computes the vectors that heads are trained on, read by the same code that serves them.</summary>
public sealed class FeatureExtractor
{
    private readonly IModelRunner _runner;
    private readonly TextPreparer _preparer;
    private readonly BatchingOptions _batching;
    private readonly Lock _sinkLock = new();

    /// <summary>An extractor on an encoder, which stays the caller's.</summary>
    /// <exception cref="StreamingException"><c>window_invalid</c>.</exception>
    public FeatureExtractor(ITokenizer tokenizer, IModelRunner runner, FeatureLayout layout, WindowOptions? windows = null, BatchingOptions? batching = null)
    {
        ArgumentNullException.ThrowIfNull(runner);
        ArgumentNullException.ThrowIfNull(layout);
        _runner = runner;
        Layout = layout;
        _preparer = new TextPreparer(tokenizer, runner.Info, windows ?? new WindowOptions());
        _batching = batching ?? new BatchingOptions();
    }

    /// <summary>What is read.</summary>
    public FeatureLayout Layout { get; }

    /// <summary>Hands the vectors of every text to the sink, each text once.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="sink">Takes the vectors.</param>
    /// <param name="progress">Told how many texts are done; may be null.</param>
    /// <param name="cancellationToken">Ends the work between passes.</param>
    /// <exception cref="StreamingException">A text can't be tokenised; the message has its index.</exception>
    public async Task<BatchStatistics> ExtractAsync(IReadOnlyList<FeatureText> texts, FeatureSink sink, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(sink);
        var statistics = default(BatchStatistics);
        for (var first = 0; first < texts.Count; first += WindowScheduler.ChunkSize)
        {
            var start = first;
            var documents = new PreparedText[Math.Min(WindowScheduler.ChunkSize, texts.Count - first)];
            var parts = new Part[documents.Length];
            for (var i = 0; i < documents.Length; i++)
            {
                var prepared = _preparer.Prepare(texts[first + i].Text, texts[first + i].Words);
                if (!prepared.IsSuccess)
                    throw new StreamingException(prepared.Failure.Code, $"Text {first + i}: {prepared.Failure.Reason}");
                documents[i] = prepared.Value;
                if (documents[i].Windows.Count == 0)
                    Hand(sink, start + i, documents[i], []);
            }

            statistics += await WindowScheduler.RunAsync(
                _runner, documents, _batching,
                (document, window, output, row) =>
                {
                    ref var part = ref parts[document];
                    Take(documents[document], ref part, window, output, row);
                    if (++part.Windows == documents[document].Windows.Count)
                        Finish(sink, start + document, documents[document], ref part);
                },
                cancellationToken).ConfigureAwait(false);
            progress?.Report(first + documents.Length);
        }

        return statistics;
    }

    private void Take(PreparedText text, ref Part part, int window, EncoderOutput output, int row)
    {
        var inputs = Layout.Inputs;
        if (Layout.Unit == HeadUnit.Document)
        {
            part.Values ??= ArrayPool<float>.Shared.Rent(text.Windows.Count * inputs);
            var (from, to) = text.PlacesOf(window);
            FeatureReader.SumTokens(Layout, output, row, from, to, part.Values.AsSpan(window * inputs, inputs));
            return;
        }

        part.Values ??= ArrayPool<float>.Shared.Rent(Math.Max(1, text.CoveredWords * inputs));
        var plan = text.Plan[window];
        var (first, last) = text.WordsOf(plan);
        for (var word = first; word < last; word++)
        {
            var span = text.Words[word];
            FeatureReader.ReadWord(Layout, output, row, text.Anchors[word] - plan.Start + 1, text.Text.AsSpan(span.Start, span.Length),
                text.SentenceInitial[word], part.Values.AsSpan(word * inputs, inputs));
        }
    }

    private void Finish(FeatureSink sink, int index, PreparedText text, ref Part part)
    {
        var values = part.Values!;
        if (Layout.Unit == HeadUnit.Document)
        {
            // Window after window, whatever order they came in: the same text gives the same vector.
            var mean = values.AsSpan(0, Layout.Inputs);
            for (var window = 1; window < text.Windows.Count; window++)
                TensorPrimitives.Add(mean, values.AsSpan(window * Layout.Inputs, Layout.Inputs), mean);
            TensorPrimitives.Divide(mean, text.CoveredTokens + 2, mean);
            Hand(sink, index, text, mean);
        }
        else
        {
            Hand(sink, index, text, values.AsSpan(0, text.CoveredWords * Layout.Inputs));
        }

        ArrayPool<float>.Shared.Return(values);
        part.Values = null;
    }

    private void Hand(FeatureSink sink, int index, PreparedText text, ReadOnlySpan<float> features)
    {
        lock (_sinkLock)
            sink(index, Layout.Unit == HeadUnit.Token ? text.Words[..text.CoveredWords] : [], features);
        text.Dispose();
    }

    private struct Part
    {
        internal float[]? Values;
        internal int Windows;
    }
}
