using Streaming.Core.Models;

namespace Streaming.Cli.Benchmarks;

/// <summary>Counts, times and, when asked, writes down what goes through an encoder, which stays the caller's. Safe for concurrent use.</summary>
internal sealed class CountingRunner(IModelRunner inner, TimeProvider time) : IModelRunner
{
    private readonly Lock _lock = new();
    private List<int[][]>? _record;
    private long _batches, _tokens, _padded, _ticks;

    /// <inheritdoc/>
    public EncoderInfo Info => inner.Info;

    /// <summary>Passes so far.</summary>
    public long Batches => Interlocked.Read(ref _batches);

    /// <summary>Tokens so far, padding left out.</summary>
    public long Tokens => Interlocked.Read(ref _tokens);

    /// <summary>Computed token places so far.</summary>
    public long PaddedTokens => Interlocked.Read(ref _padded);

    /// <summary>Time spent in passes so far, those beside each other added up.</summary>
    public TimeSpan Took => TimeSpan.FromTicks(Interlocked.Read(ref _ticks));

    /// <summary>From here on, writes batches down.</summary>
    public void StartRecording()
    {
        lock (_lock)
            _record = [];
    }

    /// <summary>What was written down: batches of token ids, the longest last in each.</summary>
    public List<int[][]> StopRecording()
    {
        lock (_lock)
        {
            var record = _record ?? throw new InvalidOperationException("this is a bug: nothing was being recorded");
            _record = null;
            return record;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _record) is not null)
            Record(batch);
        var started = time.GetTimestamp();
        var output = await inner.RunAsync(batch, cancellationToken);
        Interlocked.Add(ref _ticks, (output.Took ?? time.GetElapsedTime(started)).Ticks);
        long tokens = 0;
        for (var row = 0; row < batch.Count; row++)
            tokens += batch[row].Length;
        Interlocked.Increment(ref _batches);
        Interlocked.Add(ref _tokens, tokens);
        Interlocked.Add(ref _padded, (long)output.PaddedLength * batch.Count);
        return output;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;

    private void Record(IReadOnlyList<TokenSequence> batch)
    {
        var copy = new int[batch.Count][];
        for (var row = 0; row < copy.Length; row++)
            copy[row] = batch[row].Ids.ToArray();
        Array.Sort(copy, static (a, b) => a.Length.CompareTo(b.Length));
        lock (_lock)
            _record?.Add(copy);
    }
}
