using System.Diagnostics;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Models;
using Streaming.Core.Telemetry;

namespace Streaming.Core.Engine.Stages;

/// <summary>How a message ends, as far as it is known.</summary>
internal enum Ending
{
    Unknown,
    Index,
    Delete,
    Filter,
    DeadLetter,
}

/// <summary>One message on its way from read to acknowledged. Its monitor guards the model's part.</summary>
internal sealed class InFlightDocument(SourceMessage message, PartitionLane lane, long readAt, DateTimeOffset ingested)
{
    private SharedLease? _lease;
    private int _holdsLease;

    public SourceMessage Message { get; } = message;

    public PartitionLane Lane { get; } = lane;

    public long ReadAt { get; } = readAt;

    public DateTimeOffset Ingested { get; } = ingested;

    /// <summary>Its own span, when its producer traces it and somebody listens.</summary>
    public Activity? Span { get; init; }

    /// <summary>For an engine that waits document by document: it completes this once it knows how the document ends.</summary>
    public TaskCompletionSource<InFlightDocument>? Known { get; set; }

    // While the model has it.
    public TextMessage? Text { get; private set; }

    public PreparedDocument? Prepared { get; private set; }

    /// <summary>The model that it was given to.</summary>
    public ModelUse Use { get; private set; }

    /// <summary>The model in force when it was, which it falls back to from a candidate.</summary>
    public IEnrichmentModel? InForce { get; private set; }

    /// <summary>What was tried beside the model in force then; null: nothing.</summary>
    public ModelCandidate? Candidate { get; private set; }

    public int WindowsLeft { get; set; }

    /// <summary>Set when equal texts take this document's result.</summary>
    public SharedInference? Share { get; set; }

    /// <summary>The model failed on it in company; it is being tried alone, and its other windows are passed over.</summary>
    public bool IsSuspect { get; set; }

    // Once it is known how it ends.
    public Ending Ending { get; private set; }

    public string? Id { get; private set; }

    public EnrichedDocument? Document { get; private set; }

    public IReadOnlyList<TaskUncertainty> Uncertainty { get; private set; } = [];

    public StageFailure? Failure { get; private set; }

    /// <summary>Guarded by the lane.</summary>
    public bool IsReleasable { get; set; }

    public void Prepare(TextMessage text, PreparedDocument prepared, SharedLease lease, ModelUse use)
    {
        Prepared = prepared;
        WindowsLeft = prepared.Windows.Count;
        Follow(text, lease, use);
    }

    /// <summary>It waits for an equal text's result.</summary>
    public void Follow(TextMessage text, SharedLease lease, ModelUse use)
    {
        Text = text;
        (Use, InForce, Candidate) = (use, lease.Model, lease.Candidate);
        lease.Add();
        _lease = lease;
        _holdsLease = 1;
    }

    public void EndIndexed(EnrichedDocument document, IReadOnlyList<TaskUncertainty> uncertainty)
    {
        Id = document.Id;
        Document = document;
        Uncertainty = uncertainty;
        End(Ending.Index);
    }

    public void EndDeleted(string id)
    {
        Id = id;
        End(Ending.Delete);
    }

    public void EndFiltered() => End(Ending.Filter);

    public void EndFailed(StageFailure failure)
    {
        Failure = failure;
        End(Ending.DeadLetter);
    }

    /// <summary>Its partition has gone before it was known how it ends.</summary>
    public void Abandon() => End(Ending.Unknown);

    public void ReleaseLease()
    {
        if (Interlocked.Exchange(ref _holdsLease, 0) == 0)
            return;
        _lease!.Release();
        _lease = null;
    }

    /// <summary>It has left the pipeline.</summary>
    /// <param name="outcome">As in <c>streaming.documents</c>, or <c>fenced</c>.</param>
    /// <param name="errorCode">Why it was given up.</param>
    public void EndSpan(string outcome, string? errorCode = null)
    {
        if (Span is { IsStopped: false })
            PipelineTracing.End(Span, outcome, errorCode);
    }

    private void End(Ending ending)
    {
        Ending = ending;
        Prepared = null;
        Text = null;
        Share = null;
        ReleaseLease();
    }
}
