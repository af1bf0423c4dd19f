namespace Streaming.Core.Engine.Stages;

/// <summary>Commits by interval and by count, beside the flow: a broker that takes no commits must not hold up the sink.</summary>
internal sealed class CommitLoop(PipelineParts parts)
{
    private readonly AsyncSignal _signal = new();
    private int _finished;

    /// <summary>So many messages are finished since.</summary>
    public void Finished(int messages)
    {
        if (Interlocked.Add(ref _finished, messages) >= parts.Context.Pipeline.Delivery.CommitEvery)
            _signal.Set();
    }

    /// <summary>Commits from time to time until told to end.</summary>
    public async Task RunAsync(CancellationToken end)
    {
        var interval = parts.Context.Pipeline.Delivery.CommitInterval;
        await using var timer = parts.Context.Time.CreateTimer(static signal => ((AsyncSignal)signal!).Set(), _signal, interval, interval);
        while (true)
        {
            await _signal.WaitAsync(end);
            Interlocked.Exchange(ref _finished, 0);
            await parts.Committer.CommitAsync(parts.Context.Stop);
        }
    }
}
