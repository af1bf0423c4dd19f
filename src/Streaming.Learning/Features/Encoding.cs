using Streaming.Core.Engine;
using Streaming.Core.Models;
using Streaming.Text.Analysis;
using Streaming.Text.Features;
using Streaming.Text.Tokenization;

namespace Streaming.Learning.Features;

/// <summary>Takes the vectors of one text; valid during the call.</summary>
/// <param name="text">Index of the text.</param>
/// <param name="vectors">Row-major; a row a word, or one row; none for a text without tokens.</param>
internal delegate void VectorSink(int text, ReadOnlySpan<float> vectors);

/// <summary>An encoder with its tokeniser, read as serving reads them.</summary>
internal sealed record Encoding(ITokenizer Tokenizer, IModelRunner Runner)
{
    /// <summary>Hands the vectors of every text to the sink: one call at a time, texts in any order.</summary>
    public async Task ExtractAsync(FeatureLayout layout, IReadOnlyList<FeatureText> texts, VectorSink sink, Action<int>? progress, CancellationToken cancellationToken)
    {
        // Long batches of short texts: nobody waits for the first of them here.
        var extractor = new FeatureExtractor(Tokenizer, Runner, layout, batching: new BatchingOptions { MaxBatchTokens = 1024, MaxConcurrentBatches = 2 });
        var reporter = progress is null ? null : new Reporter(progress);
        await extractor.ExtractAsync(texts, (text, _, vectors) => sink(text, vectors), reporter, cancellationToken).ConfigureAwait(false);
    }

    // Progress<T> would post to the thread pool and report out of order.
    private sealed class Reporter(Action<int> report) : IProgress<int>
    {
        public void Report(int value) => report(value);
    }
}
