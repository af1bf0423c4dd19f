using Streaming.Core.Messaging;
using Streaming.Core.Telemetry;

namespace Streaming.Core.Engine.Stages;

/// <summary>What the parts of one run share.</summary>
internal sealed class EngineContext
{
    public EngineContext(Pipeline pipeline, PipelineTelemetry telemetry, CancellationToken stop)
    {
        Pipeline = pipeline;
        Telemetry = telemetry;
        Stop = stop;
        Time = pipeline.Time;
        Progress = pipeline.Progress ?? new PipelineProgress();
        Gate = new BudgetGate(pipeline.Batching.MaxQueueSize, pipeline.Batching.MaxQueueBytes);
        Rules = new EnrichmentRules(pipeline.Topology, pipeline.Enrichment, pipeline.Time);
        Decoder = new MessageDecoder(pipeline.Enrichment);
        Retry = new DependencyRetry(pipeline.Delivery, pipeline.Time, pipeline.Notify, telemetry.Retried);
        Guard = new ModelGuard(pipeline.Batching, Retry);
        Duplicates = new DuplicateWindow(pipeline.Batching);
    }

    public Pipeline Pipeline { get; }

    public PipelineTelemetry Telemetry { get; }

    public PipelineProgress Progress { get; }

    public TimeProvider Time { get; }

    public BudgetGate Gate { get; }

    public OffsetTracker Tracker { get; } = new();

    public EnrichmentRules Rules { get; }

    public MessageDecoder Decoder { get; }

    public DependencyRetry Retry { get; }

    public ModelGuard Guard { get; }

    public DuplicateWindow Duplicates { get; }

    /// <summary>Cancelled when the run is aborted or a stage has failed.</summary>
    public CancellationToken Stop { get; }

    /// <summary>Chunks of messages prepared at once.</summary>
    public int Workers { get; } = Math.Max(1, Environment.ProcessorCount);
}
