using Streaming.Contracts;

namespace Streaming.Core.Engine.Stages;

/// <summary>
/// Chooses documents to be labelled and passes the requests on before their offsets are committed. Labelling is a side of the
/// pipeline: whatever goes wrong here is counted and told, and the documents go their way.
/// </summary>
internal sealed class RequestWriter(EngineContext context)
{
    /// <summary>Code of the notice that requests could not be passed on.</summary>
    public const string Lost = "label_requests_lost";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private long? _failedAt;
    private bool _toldSelector;

    /// <summary>Requests for the documents of a batch that are to be labelled, in its order.</summary>
    public IReadOnlyList<LabelRequest> Choose(IReadOnlyList<InFlightDocument> batch)
    {
        if (context.Pipeline.Selector is not { } selector)
            return [];
        List<LabelRequest>? requests = null;
        foreach (var document in batch)
        {
            if (document.Ending != Ending.Index || document.Document is not { } enriched)
                continue;
            try
            {
                if (selector.Choose(enriched, document.Uncertainty) is { } request)
                    (requests ??= []).Add(request);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                context.Telemetry.LabelRequestsLost(1);
                if (!_toldSelector)
                    Tell($"a document could not be judged ({exception.GetType().Name}); it is indexed, and not asked about");
                _toldSelector = true;
            }
        }

        return requests is null ? [] : requests;
    }

    /// <summary>Passes requests on, once, within a few seconds; then gives them up, and asks again only after a pause.</summary>
    public async ValueTask WriteAsync(IReadOnlyList<LabelRequest> requests)
    {
        if (requests.Count == 0 || context.Pipeline.Requests is not { } sink)
            return;
        if (_failedAt is { } failed && context.Time.GetElapsedTime(failed) < Pause)
        {
            context.Telemetry.LabelRequestsLost(requests.Count);
            return;
        }

        using var patience = new CancellationTokenSource(Patience, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, context.Stop);
        try
        {
            await sink.WriteAsync(requests, either.Token).AsTask().WaitAsync(either.Token);
            _failedAt = null;
            Chosen(requests);
        }
        catch (Exception exception) when (!context.Stop.IsCancellationRequested)
        {
            _failedAt = context.Time.GetTimestamp();
            context.Telemetry.LabelRequestsLost(requests.Count);
            Tell($"{requests.Count} requests for labels could not be passed on ({(exception as StreamingException)?.Code ?? exception.GetType().Name}); documents go on without, and it is tried again in {Pause.TotalSeconds:0} s");
        }
    }

    /// <summary>These are durable.</summary>
    public void Chosen(IReadOnlyList<LabelRequest> requests)
    {
        foreach (var request in requests)
            context.Telemetry.LabelRequested(request.Reasons[0].Code);
    }

    private void Tell(string message) => context.Pipeline.Notify?.Invoke(new PipelineNotice(PipelineNoticeKind.DependencyLost, Lost, message));
}
