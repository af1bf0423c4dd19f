using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Models;
using Annotations = Streaming.Core.Models.Annotations;

namespace Streaming.Text.Analysis;

/// <summary>Analyses one text at a time. Safe for concurrent calls.</summary>
public sealed class TextAnalyzer
{
    private readonly IEnrichmentModel _model;
    private readonly BatchingOptions _batching;

    /// <summary>An analyzer on a model, which stays the caller's.</summary>
    public TextAnalyzer(IEnrichmentModel model, BatchingOptions? batching = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _batching = batching ?? new BatchingOptions();
    }

    /// <summary>What the heads find in a text.</summary>
    /// <exception cref="StreamingException">The text can't be analysed; the code is the stage's.</exception>
    public async ValueTask<Annotations> AnalyzeAsync(string text, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(text);
        var prepared = _model.Prepare(new TextMessage { Text = text });
        if (!prepared.IsSuccess)
            throw new StreamingException(prepared.Failure.Code, prepared.Failure.Reason);
        var document = prepared.Value;
        await WindowScheduler.RunAsync(
            _model.Runner, [document], _batching, (_, window, output, row) => _model.Accept(document, window, output, row), cancellationToken)
            .ConfigureAwait(false);
        return _model.Complete(document);
    }
}
