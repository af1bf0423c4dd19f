using System.Diagnostics;
using System.Text;
using Streaming.Contracts;
using Streaming.Core.Messaging;

namespace Streaming.Core.Telemetry;

/// <summary>
/// Spans of pipelines, activity source <c>Streaming</c>. A message that carries a trace context in its headers (W3C Trace
/// Context: <c>traceparent</c>, <c>tracestate</c>) gets one span, <c>process TOPIC</c>, from read to acknowledged; a pass of
/// the model (<c>infer</c>) and a write (<c>deliver</c>) get one a batch, linked to the spans of the documents in it. So a
/// message that nobody traces costs nothing of its own, and without a listener nothing is made at all.
/// </summary>
/// <remarks>Spans name topic, partition and offset: never a document's id, text or fields.</remarks>
public static class PipelineTracing
{
    /// <summary>Name of the activity source.</summary>
    public const string SourceName = "Streaming";

    /// <summary>Header with the trace context.</summary>
    public const string TraceParent = "traceparent";

    /// <summary>Header with what tracing systems add to it.</summary>
    public const string TraceState = "tracestate";

    /// <summary>Links of one span; OpenTelemetry's own default limit.</summary>
    private const int MaxLinks = 128;

    private const int MaxStateBytes = 512;

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Whether anybody listens.</summary>
    internal static bool IsOn => Source.HasListeners();

    /// <summary>Starts the span of a message that was read; null when nobody listens or its producer traces nothing.</summary>
    internal static Activity? Start(SourceMessage message, string topology)
    {
        if (message.Headers.Count == 0 || !IsOn || !TryRead(message.Headers, out var parent))
            return null;

        // Many are open at once, so none of them is the current one.
        var current = Activity.Current;
        var span = Source.StartActivity(ActivityKind.Consumer, parent, name: "process " + message.Partition.Topic);
        Activity.Current = current;
        if (span is { IsAllDataRequested: true })
        {
            span.SetTag("streaming.topology", topology);
            span.SetTag("messaging.operation.type", "process");
            span.SetTag("messaging.destination.name", message.Partition.Topic);
            span.SetTag("messaging.destination.partition.id", message.Partition.Partition);
            span.SetTag("streaming.offset", message.Offset);
        }

        return span;
    }

    /// <summary>Ends the span of a message.</summary>
    /// <param name="span">Of <see cref="Start"/>.</param>
    /// <param name="outcome">As in <c>streaming.documents</c>, or <c>fenced</c>.</param>
    /// <param name="errorCode">Why it was given up.</param>
    internal static void End(Activity span, string outcome, string? errorCode)
    {
        span.SetTag("streaming.outcome", outcome);
        if (errorCode is not null)
        {
            span.SetTag("error.type", errorCode);
            span.SetStatus(ActivityStatusCode.Error);
        }

        var current = Activity.Current;
        span.Dispose();
        Activity.Current = current;
    }

    /// <summary>Starts the span of a batch as the current one; null when nobody listens.</summary>
    /// <param name="name">What is done with it.</param>
    /// <param name="topology">Whose.</param>
    /// <param name="documents">Spans of the documents in it, those that have one; the same may come twice in a row.</param>
    internal static Activity? StartBatch(string name, string topology, IEnumerable<Activity?> documents)
    {
        if (!IsOn)
            return null;
        List<ActivityLink>? links = null;
        Activity? last = null;
        foreach (var document in documents)
        {
            if (document is null || ReferenceEquals(document, last))
                continue;
            last = document;
            (links ??= []).Add(new ActivityLink(document.Context));
            if (links.Count == MaxLinks)
                break;
        }

        var span = Source.StartActivity(ActivityKind.Internal, parentContext: default, links: links, name: name);
        span?.SetTag("streaming.topology", topology);
        return span;
    }

    private static bool TryRead(IReadOnlyList<MessageHeader> headers, out ActivityContext context)
    {
        string? parent = null, state = null;
        foreach (var header in headers)
        {
            if (header.Name == TraceParent && header.Value is { Length: >= 55 and <= 128 } trace)
                parent ??= Encoding.ASCII.GetString(trace);
            else if (header.Name == TraceState && header.Value is { Length: > 0 and <= MaxStateBytes } more)
                state ??= Encoding.ASCII.GetString(more);
        }

        context = default;
        return parent is not null && ActivityContext.TryParse(parent, state, isRemote: true, out context);
    }
}
