using Streaming.Core.Labelling;
using Streaming.Core.Messaging;
using Streaming.Core.Models;
using Streaming.Core.Sinks;

namespace Streaming.Core.Engine;

/// <summary>Everything an engine needs to run one compiled topology. Parts are owned by whoever built them.</summary>
public sealed class Pipeline
{
    /// <summary>Name of the topology; goes into lineage, dead letters and metrics.</summary>
    public required string Topology { get; init; }

    /// <summary>Where messages come from.</summary>
    public required IMessageSource Source { get; init; }

    /// <summary>Where documents go. When it is an <see cref="ITransactionalSink"/>, offsets are committed through it.</summary>
    public required IDocumentSink Sink { get; init; }

    /// <summary>Where messages go that cannot be enriched.</summary>
    public required IDeadLetterSink DeadLetters { get; init; }

    /// <summary>The model in force.</summary>
    public required IModelSource Models { get; init; }

    /// <summary>Chooses documents to be labelled; null: none are. It may live longer than one run.</summary>
    public ISampleSelector? Selector { get; init; }

    /// <summary>Where requests for labels go; not used with an <see cref="ITransactionalSink"/>, which keeps them itself.</summary>
    public ILabelRequestSink? Requests { get; init; }

    /// <summary>What happens to a message before and after the model.</summary>
    public EnrichmentOptions Enrichment { get; init; } = new();

    /// <summary>Grouping and bounds.</summary>
    public BatchingOptions Batching { get; init; } = new();

    /// <summary>Writing, committing, retrying.</summary>
    public DeliveryOptions Delivery { get; init; } = new();

    /// <summary>Filled as the pipeline runs, for whoever watches it.</summary>
    public PipelineProgress? Progress { get; init; }

    /// <summary>Hears what belongs in the log. Called from the pipeline's own tasks: return at once.</summary>
    public Action<PipelineNotice>? Notify { get; init; }

    /// <summary>Clock and timers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
