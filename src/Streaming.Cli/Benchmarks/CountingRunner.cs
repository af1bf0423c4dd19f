using Streaming.Core.Models;

namespace Streaming.Cli.Benchmarks;

/// <summary>Counts what goes through an encoder, which stays the caller's. Safe for concurrent use.</summary>
internal sealed class CountingRunner(IModelRunner inner) : IModelRunner
{
    private long _batches, _tokens, _padded;

    /// <inheritdoc/>
    public EncoderInfo Info => inner.Info;

    /// <summary>Passes so far.</summary>
    public long Batches => Interlocked.Read(ref _batches);

    /// <summary>Tokens so far, padding left out.</summary>
    public long Tokens => Interlocked.Read(ref _tokens);

    /// <summary>Computed token places so far.</summary>
    public long PaddedTokens => Interlocked.Read(ref _padded);

    /// <inheritdoc/>
    public async ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken)
    {
        var output = await inner.RunAsync(batch, cancellationToken);
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
}
