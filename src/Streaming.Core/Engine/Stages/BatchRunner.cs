using Streaming.Contracts;
using Streaming.Core.Models;

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
        if (context.Pipeline.Batching.MaxConcurrentBatches > 0)
            return context.Pipeline.Batching.MaxConcurrentBatches;
        using var lease = context.Pipeline.Models.Acquire();
        const int OnDevice = 2; // one computes while the next is being copied
        return lease.Model.Runner.Info.Device.StartsWith("cpu", StringComparison.OrdinalIgnoreCase) ? Environment.ProcessorCount : OnDevice;
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
                Abandon(window.Document, ended);
            else if (!window.Document.IsSuspect)
                windows.Add(window);
        }

        if (windows.Count == 0)
            return;
        context.Telemetry.Batch(batch.Count, batch.Tokens, batch.PaddedTokens);
        context.Progress.AddTokens(batch.Tokens);
        await RunAsync(windows, 0, windows.Count, (IEnrichmentModel)batch.Version!, ended);
    }

    /// <summary>Decodes a document whose windows have all been accepted: it is known then how it ends.</summary>
    public void Complete(InFlightDocument document, IEnrichmentModel model)
    {
        try
        {
            var annotations = model.Complete(document.Prepared!);
            document.EndIndexed(context.Rules.Document(document.Message, document.Text!, annotations, model.Identity, document.Ingested));
        }
        catch (Exception exception) when (IsOwnFault(exception))
        {
            document.EndFailed(GivenUp(exception));
        }
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
                {
                    Complete(document, model);
                    ended(document);
                }
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

        try
        {
            var outcome = model.Prepare(text);
            if (outcome.IsSuccess)
            {
                var prepared = outcome.Value;
                for (var i = 0; i < prepared.Windows.Count; i++)
                {
                    using var output = await InferAsync(model.Runner, [prepared.Windows[i]]);
                    model.Accept(prepared, i, output, 0);
                }

                document.EndIndexed(context.Rules.Document(document.Message, text, model.Complete(prepared), model.Identity, document.Ingested));
            }
            else
            {
                document.EndFailed(outcome.Failure);
            }
        }
        catch (Exception exception) when (IsOwnFault(exception))
        {
            document.EndFailed(GivenUp(exception));
        }

        ended(document);
    }

    private static void Abandon(InFlightDocument document, Action<InFlightDocument> ended)
    {
        // Every window of it passes by here; the first one lets it go.
        lock (document)
        {
            if (document.IsSuspect || document.Prepared is null)
                return;
            document.IsSuspect = true;
            document.Abandon();
        }

        ended(document);
    }

    private ValueTask<EncoderOutput> InferAsync(IModelRunner runner, TokenSequence[] sequences) => context.Retry.RunAsync(
        static (call, token) => call.runner.RunAsync(call.sequences, token), (runner, sequences), context.Stop);

    /// <summary>
    /// Whether an exception may be one document's fault. A coded error (a device that is away, a model that does not fit) is
    /// about the model as a whole, and so is being told to stop.
    /// </summary>
    private static bool IsOwnFault(Exception exception) => exception is not (StreamingException or OperationCanceledException);

    private static StageFailure GivenUp(Exception exception) =>
        new(Name, ErrorCodes.ModelFailed, $"the model failed on this document, alone too, with {exception.GetType().Name}");
}
