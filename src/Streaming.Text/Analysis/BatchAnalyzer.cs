using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Heads;
using Streaming.Text.Words;
using Annotations = Streaming.Core.Models.Annotations;

namespace Streaming.Text.Analysis;

/// <summary>Analyses many texts that are all there beforehand: evaluation, benchmarks. Results are those of the streaming engine.</summary>
public sealed class BatchAnalyzer
{
    private readonly IEnrichmentModel _model;
    private readonly BatchingOptions _batching;
    private readonly IModelRunner _runner;

    /// <summary>An analyzer on a model, which stays the caller's.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batching">Budget and passes in flight.</param>
    /// <param name="runner">In the place of the model's own, such as one with a cache; null: its own.</param>
    public BatchAnalyzer(IEnrichmentModel model, BatchingOptions? batching = null, IModelRunner? runner = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _runner = runner ?? model.Runner;
        _batching = batching ?? new BatchingOptions();
    }

    /// <summary>Analyses texts.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="progress">Told how many texts are done; may be null.</param>
    /// <param name="cancellationToken">Ends the work between passes.</param>
    public async Task<BatchAnalysis> AnalyzeAsync(IReadOnlyList<string> texts, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var results = new StageOutcome<Annotations>[texts.Count];
        var statistics = default(BatchStatistics);
        for (var first = 0; first < texts.Count; first += WindowScheduler.ChunkSize)
        {
            var documents = new PreparedDocument?[Math.Min(WindowScheduler.ChunkSize, texts.Count - first)];
            for (var i = 0; i < documents.Length; i++)
            {
                var prepared = _model.Prepare(new TextMessage { Text = texts[first + i] });
                if (prepared.IsSuccess)
                    documents[i] = prepared.Value;
                else
                    results[first + i] = prepared.Failure;
            }

            statistics += await WindowScheduler.RunAsync(
                _runner, documents, _batching, (document, window, output, row) => _model.Accept(documents[document]!, window, output, row),
                cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < documents.Length; i++)
            {
                if (documents[i] is { } document)
                    results[first + i] = _model.Complete(document);
            }

            progress?.Report(first + documents.Length);
        }

        return new BatchAnalysis(results, statistics);
    }

    /// <summary>Tags texts whose words are given, as tagged corpora have them.</summary>
    /// <param name="texts">Texts with their words in order.</param>
    /// <param name="task">Which head: <see cref="HeadTask.Ner"/> or <see cref="HeadTask.Absa"/>.</param>
    /// <param name="progress">Told how many texts are done; may be null.</param>
    /// <param name="cancellationToken">Ends the work between passes.</param>
    /// <returns>Spans of word indices, one list a text.</returns>
    /// <exception cref="StreamingException"><c>head_missing</c>; or the code of a text that can't be tokenised.</exception>
    public async Task<IReadOnlyList<IReadOnlyList<TaggedSpan>>> TagAsync(
        IReadOnlyList<FeatureText> texts, HeadTask task, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(texts);
        if (_model is not EnrichmentModel model || model.Heads.All(head => head.Manifest.Task != task))
            throw new StreamingException("head_missing", $"The model has no head for {task}; choose a bundle that has one, or train it.");
        var results = new IReadOnlyList<TaggedSpan>[texts.Count];
        for (var first = 0; first < texts.Count; first += WindowScheduler.ChunkSize)
        {
            var documents = new PreparedText[Math.Min(WindowScheduler.ChunkSize, texts.Count - first)];
            for (var i = 0; i < documents.Length; i++)
            {
                var prepared = model.Prepare(texts[first + i].Text, texts[first + i].Words);
                documents[i] = prepared.IsSuccess ? prepared.Value : throw new StreamingException(prepared.Failure.Code, prepared.Failure.Reason);
            }

            await WindowScheduler.RunAsync(
                _runner, documents, _batching, (document, window, output, row) => model.Accept(documents[document], window, output, row),
                cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < documents.Length; i++)
                results[first + i] = model.CompleteTags(documents[i], task);
            progress?.Report(first + documents.Length);
        }

        return results;
    }
}
