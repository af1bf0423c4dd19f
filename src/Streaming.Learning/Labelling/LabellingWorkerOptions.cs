using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;
using Streaming.Core.Telemetry;

namespace Streaming.Learning.Labelling;

/// <summary>What a <see cref="LabellingWorker"/> works with. Parts are owned by whoever built them.</summary>
public sealed record LabellingWorkerOptions
{
    /// <summary>Topology whose requests are answered; those of others are passed over.</summary>
    public required string Topology { get; init; }

    /// <summary>Topic of the requests.</summary>
    public required IMessageSource Source { get; init; }

    /// <summary>Who answers.</summary>
    public required ILabeller Labeller { get; init; }

    /// <summary>Takes the answers; returns when they are durable.</summary>
    public required Func<IReadOnlyList<LabelledSample>, CancellationToken, ValueTask> Write { get; init; }

    /// <summary>Takes what is no request.</summary>
    public required IDeadLetterSink DeadLetters { get; init; }

    /// <summary>Requests answered at once, at least 1.</summary>
    public int Concurrency { get; init; } = 4;

    /// <summary>Hears what belongs in the log.</summary>
    public Action<Notice>? Notify { get; init; }
}

/// <summary>What a <see cref="LabellingWorker"/> has done.</summary>
/// <param name="Requests">Requests answered.</param>
/// <param name="Valid">Samples with an answer.</param>
/// <param name="Abstained">Samples without one.</param>
/// <param name="Bad">Messages that were no requests.</param>
public readonly record struct LabellingProgress(long Requests, long Valid, long Abstained, long Bad);
