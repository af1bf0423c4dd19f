namespace Streaming.Core.Engine.Stages;

/// <summary>
/// Windows waiting for the model, and whether waiting for company may pay. Decides nothing about threads: an engine asks for
/// the next batch when it has a model call free, and again when it has added something or completed, when <c>changed</c> was
/// called, and when the oldest window is due.
/// Safe for concurrent use.
/// </summary>
/// <param name="context">The run.</param>
/// <param name="changed">Called, on any thread, when <see cref="TryTake"/> may answer otherwise though the engine itself did nothing.</param>
internal sealed class WindowQueue(EngineContext context, Action changed)
{
    private readonly Lock _lock = new();
    private readonly MicroBatcher<ModelWindow> _batcher = new(context.Pipeline.Batching, context.Time.TimestampFrequency);
    private int _announced;
    private int _hurries;
    private volatile bool _completed;

    /// <summary>So many documents are about to come: while some are on their way, waiting for company may pay.</summary>
    public void Announce(int documents) => Interlocked.Add(ref _announced, documents);

    /// <summary>The windows of so many announced documents.</summary>
    public void Add(List<ModelWindow> windows, int announced)
    {
        if (windows.Count > 0)
        {
            var now = context.Time.GetTimestamp();
            lock (_lock)
            {
                foreach (var window in windows)
                    _batcher.Add(window, window.Length, window.Model, now);
            }
        }

        Interlocked.Add(ref _announced, -announced);
    }

    /// <summary>Nothing more comes.</summary>
    public void Complete() => _completed = true;

    /// <summary>While any is in force, batches don't wait for company.</summary>
    public void Hurry(bool on)
    {
        Interlocked.Add(ref _hurries, on ? 1 : -1);
        changed();
    }

    /// <summary>Takes the next batch if one is ready for a model call that is free.</summary>
    /// <param name="batch">Filled when there is one.</param>
    /// <param name="due">Otherwise how long until the oldest window must go; null when none waits.</param>
    /// <param name="ended">Nothing waits and nothing more comes.</param>
    public bool TryTake(MicroBatch<ModelWindow> batch, out TimeSpan? due, out bool ended)
    {
        var completed = _completed;
        var eager = completed || Volatile.Read(ref _announced) == 0 || Volatile.Read(ref _hurries) > 0;
        lock (_lock)
        {
            due = null;
            ended = false;
            var now = context.Time.GetTimestamp();
            if (_batcher.TryTake(now, eager, batch))
            {
                context.Telemetry.Queued(context.Time.GetElapsedTime(batch.Items[0].Document.ReadAt, now));
                return true;
            }

            ended = completed && _batcher.Count == 0;
            due = _batcher.DueIn(now);
            return false;
        }
    }
}
