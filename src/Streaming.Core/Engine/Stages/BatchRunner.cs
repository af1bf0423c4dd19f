using Streaming.Contracts;
using Streaming.Core.Models;
using Streaming.Core.Telemetry;
using Annotations = Streaming.Core.Models.Annotations;

namespace Streaming.Core.Engine.Stages;

/// <summary>
/// Runs the model on batches and completes documents. A batch that fails is halved until the culprit is alone; alone it is
/// tried once more from the start, and only then given up. What a candidate gives up, the model in force computes.
/// Safe for concurrent use on different batches.
/// </summary>
internal sealed class BatchRunner(EngineContext context)
{
    public const string Name = "model";

    private readonly ShadowRunner _shadow = new(context);

    /// <summary>Model calls to keep in flight: those that are computed and those that wait inside of the runner.</summary>
    public int Concurrency()
    {
        using var lease = context.Pipeline.Models.Acquire();
        return context.Pipeline.Batching.CallsFor(lease.Model.Runner.Info) + lease.Model.Runner.Info.CallsAhead;
    }

    /// <summary>Runs one batch to its end.</summary>
    /// <param name="batch">Windows prepared by one model.</param>
    /// <param name="ended">Hears of each document of which it is known now how it ends; each document once, whichever of its windows comes last.</param>
    public async Task RunAsync(MicroBatch<ModelWindow> batch, Action<InFlightDocument> ended)
    {
        var windows = new List<ModelWindow>(batch.Count);
        var use = batch.Items[0].Document.Use;
        foreach (var window in batch.Items)
        {
            if (!window.Document.Lane.IsLive)
                await AbandonAsync(window.Document, use, ended);
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
        await RunAsync(windows, 0, windows.Count, use, ended);
    }

    /// <summary>Decodes a document whose windows have all been accepted: it is known then how it ends, and how those end that share its result.</summary>
    public async ValueTask CompleteAsync(InFlightDocument document, ModelUse use, Action<InFlightDocument> ended)
    {
        if (await TryCompleteAsync(document, use, ended) is { } annotations)
            Index(document, document.Text!, annotations, use, ended);
    }

    /// <summary>The stable code of an exception, else its name: never its message, which may hold text.</summary>
    public static string CodeOf(Exception exception) => exception is StreamingException coded ? coded.Code : exception.GetType().Name;

    private async ValueTask<Annotations?> TryCompleteAsync(InFlightDocument document, ModelUse use, Action<InFlightDocument> ended)
    {
        try
        {
            return use.Model.Complete(document.Prepared!);
        }
        catch (Exception exception) when (IsOwnFault(exception, use))
        {
            await GiveUpAsync(document, use, exception, ended);
            return null;
        }
    }

    private async Task RunAsync(List<ModelWindow> windows, int start, int count, ModelUse use, Action<InFlightDocument> ended)
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
                await RunAsync(left, 0, left.Count, use, ended);
            return;
        }

        EncoderOutput output;
        var started = context.Time.GetTimestamp();
        try
        {
            output = await InferAsync(use, sequences);
        }
        catch (Exception exception) when (IsOwnFault(exception, use))
        {
            if (count == 1)
            {
                await TryAloneAsync(windows[start].Document, use, ended);
                return;
            }

            await RunAsync(windows, start, count / 2, use, ended);
            await RunAsync(windows, start + (count / 2), count - (count / 2), use, ended);
            return;
        }

        var inferred = context.Time.GetTimestamp();
        var took = output.Took ?? context.Time.GetElapsedTime(started, inferred);
        context.Telemetry.Inferred(took);
        List<InFlightDocument>? suspects = null;
        var completed = new List<(InFlightDocument Document, Annotations Found)>(count);
        using (output)
        {
            for (var row = 0; row < count; row++)
            {
                var document = windows[start + row].Document;
                var accepted = TryAccept(document, windows[start + row].Index, output, row, use);
                if (accepted is null)
                    (suspects ??= []).Add(document);
                else if (accepted is true && await TryCompleteAsync(document, use, ended) is { } annotations)
                    completed.Add((document, annotations));
            }
        }

        context.Telemetry.Decoded(context.Time.GetElapsedTime(inferred));
        if (completed.Count > 0 && use.Trial is null && completed[0].Document.Candidate is { } candidate && candidate.Trial.Shadows(completed.Count, took))
            await _shadow.CompareAsync(candidate, completed, count, took);
        foreach (var (document, annotations) in completed)
            Index(document, document.Text!, annotations, use, ended);
        if (suspects is null)
            return;
        foreach (var suspect in suspects)
            await TryAloneAsync(suspect, use, ended);
    }

    /// <returns>True when that was the last window, false when more are to come, null when it failed.</returns>
    private static bool? TryAccept(InFlightDocument document, int window, EncoderOutput output, int row, ModelUse use)
    {
        lock (document)
        {
            if (document.IsSuspect || document.Prepared is not { } prepared)
                return false;
            try
            {
                use.Model.Accept(prepared, window, output, row);
            }
            catch (Exception exception) when (IsOwnFault(exception, use))
            {
                return null;
            }

            return --document.WindowsLeft == 0;
        }
    }

    /// <summary>Second try, from the start and without neighbours.</summary>
    private async ValueTask TryAloneAsync(InFlightDocument document, ModelUse use, Action<InFlightDocument> ended)
    {
        TextMessage text;
        lock (document)
        {
            if (document.IsSuspect || document.Text is null)
                return;
            document.IsSuspect = true;
            text = document.Text;
        }

        await ComputeAloneAsync(document, text, use, ended);
    }

    private async ValueTask ComputeAloneAsync(InFlightDocument document, TextMessage text, ModelUse use, Action<InFlightDocument> ended)
    {
        Annotations annotations;
        try
        {
            var outcome = use.Model.Prepare(text);
            if (!outcome.IsSuccess)
            {
                if (use.Trial is not null)
                    await FallBackAsync(document, text, use, outcome.Failure.Code, ended);
                else
                    await FailAsync(document, outcome.Failure, use, ended);
                return;
            }

            var prepared = outcome.Value;
            for (var i = 0; i < prepared.Windows.Count; i++)
            {
                using var output = await InferAsync(use, [prepared.Windows[i]]);
                use.Model.Accept(prepared, i, output, 0);
            }

            annotations = use.Model.Complete(prepared);
        }
        catch (Exception exception) when (IsOwnFault(exception, use))
        {
            await GiveUpAsync(document, use, exception, ended);
            return;
        }

        Index(document, text, annotations, use, ended);
    }

    private void Index(InFlightDocument document, TextMessage text, Annotations annotations, ModelUse use, Action<InFlightDocument> ended)
    {
        var enriched = context.Rules.Document(document.Message, text, annotations, use.Model.Identity, document.Ingested);
        if (use.Trial is null)
            context.Guard.Succeeded(use.Model);
        var trial = document.Candidate?.Trial;
        trial?.Served(annotations, use.Trial is not null);
        var share = document.Share;
        document.EndIndexed(enriched, annotations.Uncertainty);
        ended(document);
        if (share is null || context.Duplicates.Resolve(share, annotations) is not { } followers)
            return;
        foreach (var follower in followers)
        {
            if (follower.Lane.IsLive)
            {
                follower.EndIndexed(context.Rules.Document(follower.Message, follower.Text!, annotations, use.Model.Identity, follower.Ingested), annotations.Uncertainty);
                trial?.Served(annotations, use.Trial is not null);
            }
            else
            {
                follower.Abandon();
            }

            ended(follower);
        }

        context.Telemetry.Shared(followers.Count);
    }

    /// <summary>The model failed on it, alone too. Whether the document is to blame is the guard's to say; a candidate's failure is never the document's.</summary>
    private async ValueTask GiveUpAsync(InFlightDocument document, ModelUse use, Exception exception, Action<InFlightDocument> ended)
    {
        if (use.Trial is not null)
        {
            await FallBackAsync(document, document.Text!, use, CodeOf(exception), ended);
            return;
        }

        await context.Guard.FailedAsync(use.Model, document.Text!.Text, exception, context.Stop);
        await FailAsync(document, new StageFailure(Name, ErrorCodes.ModelFailed, $"the model failed on this document, alone too, with {exception.GetType().Name}"), use, ended);
    }

    /// <summary>The candidate gave up on it: it gets what the model in force finds, and its version. Equal texts that waited are computed each for itself.</summary>
    private async ValueTask FallBackAsync(InFlightDocument document, TextMessage text, ModelUse use, string code, Action<InFlightDocument> ended)
    {
        use.Trial!.Failed(code);
        var share = document.Share;
        document.Share = null;
        lock (document)
            document.IsSuspect = true;
        await ComputeAloneAsync(document, text, new ModelUse(document.InForce!, null), ended);
        await ComputeFollowersAsync(share, use, ended);
    }

    private ValueTask FailAsync(InFlightDocument document, StageFailure failure, ModelUse use, Action<InFlightDocument> ended)
    {
        var share = document.Share;
        document.EndFailed(failure);
        ended(document);
        return ComputeFollowersAsync(share, use, ended);
    }

    private async ValueTask AbandonAsync(InFlightDocument document, ModelUse use, Action<InFlightDocument> ended)
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
        await ComputeFollowersAsync(share, use, ended);
    }

    /// <summary>The text that others waited for gave no result to share: each of them is computed, alone.</summary>
    private async ValueTask ComputeFollowersAsync(SharedInference? share, ModelUse use, Action<InFlightDocument> ended)
    {
        if (share is null || context.Duplicates.Resolve(share, null) is not { } followers)
            return;
        foreach (var follower in followers)
        {
            if (follower.Lane.IsLive)
            {
                await TryAloneAsync(follower, use, ended);
                continue;
            }

            follower.Abandon();
            ended(follower);
        }
    }

    // A candidate whose device is away is no reason to wait: the model in force is there.
    private ValueTask<EncoderOutput> InferAsync(ModelUse use, TokenSequence[] sequences) => use.Trial is not null
        ? use.Model.Runner.RunAsync(sequences, context.Stop)
        : context.Retry.RunAsync(static (call, token) => call.Runner.RunAsync(call.sequences, token), (use.Model.Runner, sequences), context.Stop);

    /// <summary>
    /// Whether an exception may be one document's fault. A coded error (a device that is away, a model that does not fit) is
    /// about the model as a whole, and so is being told to stop. A candidate's errors are all its own.
    /// </summary>
    private static bool IsOwnFault(Exception exception, ModelUse use) =>
        exception is not OperationCanceledException && (use.Trial is not null || exception is not StreamingException);
}
