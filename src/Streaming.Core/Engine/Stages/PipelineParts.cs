using Streaming.Core.Telemetry;

namespace Streaming.Core.Engine.Stages;

/// <summary>
/// The parts of one run of a pipeline, wired, with nothing running: what an engine schedules. Engines share all of it, so
/// they differ in when something happens and on which thread, never in what.
/// </summary>
internal sealed class PipelineParts : IDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly PipelineTelemetry _telemetry;
    private Exception? _failure;

    /// <param name="pipeline">What to run.</param>
    /// <param name="changed">See <see cref="WindowQueue"/>.</param>
    /// <param name="stop">Cancelled by an abort from outside, and by the first failure.</param>
    public PipelineParts(Pipeline pipeline, Action changed, CancellationTokenSource stop)
    {
        _stop = stop;
        _telemetry = new PipelineTelemetry(pipeline.Topology);
        Context = new EngineContext(pipeline, _telemetry, stop.Token);
        Queue = new WindowQueue(Context, changed);
        Runner = new BatchRunner(Context);
        Preparer = new Preparer(Context, Runner);
        Deliverer = new Deliverer(Context);
        Committer = new Committer(Context);
        Assignments = new Assignments(Context, Committer, Queue, Deliverer.IsTransactional);
        Intake = new Intake(Context, Assignments, Queue);
        _telemetry.Observe(() => Context.Gate.Documents, () => Context.Gate.Bytes, OldestUnacknowledged);
    }

    public EngineContext Context { get; }

    public WindowQueue Queue { get; }

    public BatchRunner Runner { get; }

    public Preparer Preparer { get; }

    public Deliverer Deliverer { get; }

    public Committer Committer { get; }

    public Assignments Assignments { get; }

    public Intake Intake { get; }

    /// <summary>The first failure of the run, which is what it ends with.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>Notes a failure, if it is the first, and stops everything else.</summary>
    public Task FailAsync(Exception exception)
    {
        Interlocked.CompareExchange(ref _failure, exception, null);
        return _stop.CancelAsync();
    }

    public void Dispose()
    {
        Committer.Dispose();
        _telemetry.Dispose();
    }

    private TimeSpan? OldestUnacknowledged()
    {
        var lanes = Assignments.OldestReadAt();
        var oldest = Deliverer.OldestReadAt is { } writing && (lanes is null || writing < lanes) ? writing : lanes;
        return oldest is { } start ? Context.Time.GetElapsedTime(start) : null;
    }
}
