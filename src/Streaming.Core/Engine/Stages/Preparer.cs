using Streaming.Contracts;
using Streaming.Core.Models;

namespace Streaming.Core.Engine.Stages;

/// <summary>Decodes, filters and prepares messages, a chunk at a time. Safe for concurrent use on different chunks.</summary>
internal sealed class Preparer(EngineContext context, BatchRunner runner)
{
    public const string Name = "prepare";

    /// <summary>Prepares a chunk with one model.</summary>
    /// <param name="chunk">Messages as they were read.</param>
    /// <param name="windows">Gets what the model is to compute.</param>
    /// <param name="ended">Hears of each document of which it is known already how it ends.</param>
    public async ValueTask PrepareAsync(InFlightDocument[] chunk, List<ModelWindow> windows, Action<InFlightDocument> ended)
    {
        var started = context.Time.GetTimestamp();
        var lease = new SharedLease(await AcquireAsync());
        try
        {
            context.Telemetry.Model(lease.Model.Identity);
            context.Progress.SetModel(lease.Model.Identity.Version);
            foreach (var document in chunk)
            {
                await PrepareAsync(document, lease, windows, ended);
            }
        }
        finally
        {
            lease.Release();
        }

        context.Telemetry.Tokenized(context.Time.GetElapsedTime(started));
    }

    private ValueTask<ModelLease> AcquireAsync() => context.Retry.RunAsync(
        static (models, _) => new ValueTask<ModelLease>(models.Acquire()), context.Pipeline.Models, context.Stop);

    private async ValueTask PrepareAsync(InFlightDocument document, SharedLease lease, List<ModelWindow> windows, Action<InFlightDocument> ended)
    {
        var decoded = context.Decoder.Decode(document.Message);
        if (!decoded.IsSuccess)
        {
            document.EndFailed(decoded.Failure);
        }
        else if (decoded.Value.Text is not { } text)
        {
            document.EndDeleted(decoded.Value.Id);
        }
        else if (context.Rules.LeavesOut(text))
        {
            document.EndFiltered();
        }
        else
        {
            await PrepareAsync(document, text, lease, lease.For(text.Id!), windows, ended);
            return;
        }

        ended(document);
    }

    private async ValueTask PrepareAsync(InFlightDocument document, TextMessage text, SharedLease lease, ModelUse use, List<ModelWindow> windows, Action<InFlightDocument> ended)
    {
        if (context.Duplicates.TryJoin(document, text, lease, use, out var found))
        {
            if (found is null)
                return;
            document.EndIndexed(context.Rules.Document(document.Message, text, found, use.Model.Identity, document.Ingested), found.Uncertainty);
            context.Telemetry.Shared(1);
            lease.Candidate?.Trial.Served(found, use.Trial is not null);
            ended(document);
            return;
        }

        var prepared = await TryPrepareAsync(use, text);
        if (!prepared.IsSuccess)
        {
            if (use.Trial is { } trial)
            {
                trial.Failed(prepared.Failure.Code);
                await PrepareAsync(document, text, lease, new ModelUse(lease.Model, null), windows, ended);
                return;
            }

            document.EndFailed(prepared.Failure);
            ended(document);
            return;
        }

        document.Prepare(text, prepared.Value, lease, use);
        var all = prepared.Value.Windows;
        if (all.Count == 0)
        {
            await runner.CompleteAsync(document, use, ended);
            return;
        }

        context.Duplicates.Lead(document, text.Text, use.Model);
        for (var i = 0; i < all.Count; i++)
            windows.Add(new ModelWindow(document, i, all[i].Length, use.Model));
    }

    /// <summary>A tokeniser that throws on one text costs that text only.</summary>
    private async ValueTask<StageOutcome<PreparedDocument>> TryPrepareAsync(ModelUse use, TextMessage text)
    {
        var model = use.Model;
        try
        {
            return model.Prepare(text);
        }
        catch (Exception exception) when (use.Trial is not null && exception is not OperationCanceledException)
        {
            return new StageFailure(Name, BatchRunner.CodeOf(exception), $"preparing the text failed with {exception.GetType().Name}");
        }
        catch (Exception exception) when (exception is not (StreamingException or OperationCanceledException))
        {
            await context.Guard.FailedAsync(model, text.Text, exception, context.Stop);
            return new StageFailure(Name, ErrorCodes.ModelFailed, $"preparing the text failed with {exception.GetType().Name}");
        }
    }
}
