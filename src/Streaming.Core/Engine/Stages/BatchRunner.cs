using Streaming.Contracts;
using Streaming.Core.Models;
using Streaming.Core.Telemetry;
using Annotations = Streaming.Core.Models.Annotations;

namespace Streaming.Core.Engine.Stages;

/// <summary>
/// Runs the model on batches and completes documents. A batch that fails is halved until the culprit is alone; alone it is
/// tried once more from the start, and only then given up. Safe for concurrent use on different batches.
/// </summary>
internal sealed class BatchRunner(EngineContext context)
{
    public const string Name = "model";

    /// <summary>Model calls to keep in flight.</summary>
    public int Concurrency()
    {
        using var lease = context.Pipeline.Models.Acquire();
        return context.Pipeline.Batching.CallsFor(lease.Model.Runner.Info);
    }

    /// <summary>Runs one batch to its end.</summary>
    /// <param name="batch">Windows prepared by one model.</param>
    /// <param name="ended">Hears of each document of which it is known now how it ends; each document once, whichever of its windows comes last.</param>
    public async Task RunAsync(MicroBatch<ModelWindow> batch, Action<InFlightDocument> ended)
    {
        var windows = new List<ModelWindow>(batch.Count);
        foreach (var window in batch.Items)
        {
            if (!window.Document.Lane.IsLive)
                await AbandonAsync(window.Document, (IEnrichmentModel)batch.Version!, ended);
            else if (!window.Document.IsSuspect)
                windows.Add(window);
        }

        if (windows.Count == 0)
            return;
        using var span = PipelineTracing.IsOn ? PipelineTracing.StartBatch("infer", context.Pipeline.Topology, windows.Select(static window => window.Document.Span)) : null;
        span?.SetTag("streaming.batch.size", batch.Count);
        span?.SetTag("streaming.batch.tokens", batch.PaddedTokens);
        context.Telemetry.Batch(batch.Count, batch.Tokens, batch.PaddedTokens);
        context.Progress.AddTokens(batch.Tokens);
        await RunAsync(windows, 0, windows.Count, (IEnrichmentModel)batch.Version!, ended);
    }

    /// <summary>Decodes a document whose windows have all been accepted: it is known then how it ends, and how those end that share its result.</summary>
    public async ValueTask CompleteAsync(InFlightDocument document, IEnrichmentModel model, Action<InFlightDocument> ended)
    {
        Annotations annotations;
        EnrichedDocument enriched;
        try
        {
            annotations = model.Complete(document.Prepared!);
            enriched = context.Rules.Document(document.Message, document.Text!, annotations, model.Identity, document.Ingested);
        }
        catch (Exception exception) when (IsOwnFault(exception))
        {
            await GiveUpAsync(document, model, exception, ended);
            return;
        }

        Index(document, enriched, annotations, model, ended);
    }

    private async Task RunAsync(List<ModelWindow> windows, int start, int count, IEnrichmentModel model, Action<InFlightDocument> ended)
    {
        var sequences = new TokenSequence[count];
        for (var i = 0; i < count; i++)
        {
            var window = windows[start + i];
            if (window.Document.Prepared is { } prepared)
                sequences[i] = prepared.Windows[window.Index];
        }

        // A document that another of its windows has made suspect meanwhile is passed over.
        for (var i = 0; i < count; i++)
        {
            if (sequences[i].Length > 0)
                continue;
            var left = windows.GetRange(start, count).FindAll(static window => !window.Document.IsSuspect && window.Document.Prepared is not null);
            if (left.Count > 0)
                await RunAsync(left, 0, left.Count, model, ended);
            return;
        }

        EncoderOutput output;
        var started = context.Time.GetTimestamp();
        try
        {
            output = await InferAsync(model.Runner, sequences);
        }
        catch (Exception exception) when (IsOwnFault(exception))
        {
            if (count == 1)
            {
                await TryAloneAsync(windows[start].Document, model, ended);
                return;
            }

            await RunAsync(windows, start, count / 2, model, ended);
            await RunAsync(windows, start + (count / 2), count - (count / 2), model, ended);
            return;
        }

        var inferred = context.Time.GetTimestamp();
        context.Telemetry.Inferred(context.Time.GetElapsedTime(started, inferred));
        List<InFlightDocument>? suspects = null;
        using (output)
        {
            for (var row = 0; row < count; row++)
            {
                var document = windows[start + row].Document;
                var accepted = TryAccept(document, windows[start + row].Index, output, row, model);
                if (accepted is null)
                    (suspects ??= []).Add(document);
                else if (accepted is true)
                    await CompleteAsync(document, model, ended);
            }
        }

        context.Telemetry.Decoded(context.Time.GetElapsedTime(inferred));
        if (suspects is null)
            return;
        foreach (var suspect in suspects)
            await TryAloneAsync(suspect, model, ended);
    }

    /// <returns>True when that was the last window, false when more are to come, null when it failed.</returns>
    private static bool? TryAccept(InFlightDocument document, int window, EncoderOutput output, int row, IEnrichmentModel model)
    {
        lock (document)
        {
            if (document.IsSuspect || document.Prepared is not { } prepared)
                return false;
            try
            {
                model.Accept(prepared, window, output, row);
            }
            catch (Exception exception) when (IsOwnFault(exception))
            {
                return null;
            }

            return --document.WindowsLeft == 0;
        }
    }

    /// <summary>Second try, from the start and without neighbours.</summary>
    private async ValueTask TryAloneAsync(InFlightDocument document, IEnrichmentModel model, Action<InFlightDocument> ended)
    {
        TextMessage text;
        lock (document)
        {
            if (document.IsSuspect || document.Text is null)
                return;
            document.IsSuspect = true;
            text = document.Text;
        }

        Annotations annotations;
        EnrichedDocument enriched;
        try
        {
            var outcome = model.Prepare(text);
            if (!outcome.IsSuccess)
            {
                await FailAsync(document, outcome.Failure, model, ended);
                return;
            }

            var prepared = outcome.Value;
            for (var i = 0; i < prepared.Windows.Count; i++)
            {
                using var output = await InferAsync(model.Runner, [prepared.Windows[i]]);
                model.Accept(prepared, i, output, 0);
            }

            annotations = model.Complete(prepared);
            enriched = context.Rules.Document(document.Message, text, annotations, model.Identity, document.Ingested);
        }
        catch (Exception exception) when (IsOwnFault(exception))
        {
            await GiveUpAsync(document, model, exception, ended);
            return;
        }

        Index(document, enriched, annotations, model, ended);
    }

    private void Index(InFlightDocument document, EnrichedDocument enriched, Annotations annotations, IEnrichmentModel model, Action<InFlightDocument> ended)
    {
        context.Guard.Succeeded(model);
        var share = document.Share;
        document.EndIndexed(enriched, annotations.Uncertainty);
        ended(document);
        if (share is null || context.Duplicates.Resolve(share, annotations) is not { } followers)
            return;
        foreach (var follower in followers)
        {
            if (follower.Lane.IsLive)
                follower.EndIndexed(context.Rules.Document(follower.Message, follower.Text!, annotations, model.Identity, follower.Ingested), annotations.Uncertainty);
            else
                follower.Abandon();
            ended(follower);
        }

        context.Telemetry.Shared(followers.Count);
    }

    /// <summary>The model failed on it, alone too. Whether the document is to blame is the guard's to say.</summary>
    private async ValueTask GiveUpAsync(InFlightDocument document, IEnrichmentModel model, Exception exception, Action<InFlightDocument> ended)
    {
        await context.Guard.FailedAsync(model, document.Text!.Text, exception, context.Stop);
        await FailAsync(document, new StageFailure(Name, ErrorCodes.ModelFailed, $"the model failed on this document, alone too, with {exception.GetType().Name}"), model, ended);
    }

    private ValueTask FailAsync(InFlightDocument document, StageFailure failure, IEnrichmentModel model, Action<InFlightDocument> ended)
    {
        var share = document.Share;
        document.EndFailed(failure);
        ended(document);
        return ComputeFollowersAsync(share, model, ended);
    }

    private async ValueTask AbandonAsync(InFlightDocument document, IEnrichmentModel model, Action<InFlightDocument> ended)
    {
        // Every window of it passes by here; the first one lets it go.
        SharedInference? share;
        lock (document)
        {
            if (document.IsSuspect || document.Prepared is null)
                return;
            document.IsSuspect = true;
            share = document.Share;
            document.Abandon();
        }

        ended(document);
        await ComputeFollowersAsync(share, model, ended);
    }

    /// <summary>The text that others waited for gave no result to share: each of them is computed, alone.</summary>
    private async ValueTask ComputeFollowersAsync(SharedInference? share, IEnrichmentModel model, Action<InFlightDocument> ended)
    {
        if (share is null || context.Duplicates.Resolve(share, null) is not { } followers)
            return;
        foreach (var follower in followers)
        {
            if (follower.Lane.IsLive)
            {
                await TryAloneAsync(follower, model, ended);
                continue;
            }

            follower.Abandon();
            ended(follower);
        }
    }

    private ValueTask<EncoderOutput> InferAsync(IModelRunner runner, TokenSequence[] sequences) => context.Retry.RunAsync(
        static (call, token) => call.runner.RunAsync(call.sequences, token), (runner, sequences), context.Stop);

    /// <summary>
    /// Whether an exception may be one document's fault. A coded error (a device that is away, a model that does not fit) is
    /// about the model as a whole, and so is being told to stop.
    /// </summary>
    private static bool IsOwnFault(Exception exception) => exception is not (StreamingException or OperationCanceledException);
}
