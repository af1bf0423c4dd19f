using System.Threading.Channels;
using Streaming.Contracts;
using Streaming.Core.Models;

namespace Streaming.Core.Engine.Channels;

/// <summary>Decodes, filters and prepares messages, chunk by chunk on several workers, and hands their windows to the model.</summary>
internal sealed class PrepareStage(EngineContext context, ModelStage models)
{
    public const string Name = "prepare";

    private readonly Channel<InFlightDocument[]> _chunks =
        Channel.CreateBounded<InFlightDocument[]>(new BoundedChannelOptions(Math.Max(4, 2 * Environment.ProcessorCount)) { SingleWriter = true });

    public async ValueTask AddAsync(InFlightDocument[] chunk)
    {
        models.Announce(chunk.Length);
        await _chunks.Writer.WriteAsync(chunk, context.Stop);
    }

    public void Complete() => _chunks.Writer.Complete();

    public async Task RunAsync()
    {
        var windows = new List<ModelWindow>();
        await foreach (var chunk in _chunks.Reader.ReadAllAsync(context.Stop))
        {
            var started = context.Time.GetTimestamp();
            var lease = new SharedLease(await AcquireAsync());
            try
            {
                context.Telemetry.Model(lease.Model.Identity);
                context.Progress.SetModel(lease.Model.Identity.Version);
                windows.Clear();
                foreach (var document in chunk)
                    Prepare(document, lease, windows);
                models.Add(windows, chunk.Length);
            }
            finally
            {
                lease.Release();
            }

            context.Telemetry.Tokenized(context.Time.GetElapsedTime(started));
        }
    }

    private ValueTask<ModelLease> AcquireAsync() => context.Retry.RunAsync(
        static (models, _) => new ValueTask<ModelLease>(models.Acquire()), context.Pipeline.Models, context.Stop);

    private void Prepare(InFlightDocument document, SharedLease lease, List<ModelWindow> windows)
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
            var prepared = TryPrepare(lease.Model, text);
            if (!prepared.IsSuccess)
            {
                document.EndFailed(prepared.Failure);
            }
            else
            {
                document.Prepare(text, prepared.Value, lease);
                var all = prepared.Value.Windows;
                for (var i = 0; i < all.Count; i++)
                    windows.Add(new ModelWindow(document, i, all[i].Length, lease.Model));
                if (all.Count > 0)
                    return;
                models.Complete(document, lease.Model);
                return;
            }
        }

        context.Release(document);
    }

    /// <summary>A tokeniser that throws on one text costs that text only.</summary>
    private static StageOutcome<PreparedDocument> TryPrepare(IEnrichmentModel model, TextMessage text)
    {
        try
        {
            return model.Prepare(text);
        }
        catch (Exception exception) when (exception is not (StreamingException or OperationCanceledException))
        {
            return new StageFailure(Name, ErrorCodes.ModelFailed, $"preparing the text failed with {exception.GetType().Name}");
        }
    }
}
