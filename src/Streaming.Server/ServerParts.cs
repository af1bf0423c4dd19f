using Streaming.Contracts;
using Streaming.Core.Labelling;
using Streaming.Core.Messaging;
using Streaming.Core.Models;
using Streaming.Core.Search;
using Streaming.Learning.Provenance;
using Streaming.Server.DeadLetters;
using Streaming.Server.Models;
using Streaming.Server.Status;

namespace Streaming.Server;

/// <summary>What the server shows and takes in. A part that is null is answered with <c>503 unavailable</c>. Parts are owned by whoever built them.</summary>
public sealed record ServerParts
{
    /// <summary>Finds documents.</summary>
    public ISearchIndex? Search { get; init; }

    /// <summary>Takes messages.</summary>
    public IMessageProducer? Producer { get; init; }

    /// <summary>Topics that may be written to.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>The model in force, for <c>/v1/analyze</c>.</summary>
    public IModelSource? Models { get; init; }

    /// <summary>Counts of the topologies.</summary>
    public IStatusReader? Status { get; init; }

    /// <summary>Messages that were given up.</summary>
    public IDeadLetterReader? DeadLetters { get; init; }

    /// <summary>Decisions about the model.</summary>
    public Func<ModelHistory>? History { get; init; }

    /// <summary>Follows documents to what made them.</summary>
    public LineageReader? Lineage { get; init; }

    /// <summary>Requests for labels, and labels: the labelling page.</summary>
    public ISampleStore? Samples { get; init; }

    /// <summary>Labels of each task that people can label for.</summary>
    public IReadOnlyDictionary<LabelTask, IReadOnlyList<string>> Labels { get; init; } = new Dictionary<LabelTask, IReadOnlyList<string>>();

    /// <summary>Metrics in Prometheus' text format.</summary>
    public Func<string>? Metrics { get; init; }

    /// <summary>Null when ready; otherwise what is still missing, in a few words.</summary>
    public Func<string?> NotReadyBecause { get; init; } = static () => null;

    /// <summary>Clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
