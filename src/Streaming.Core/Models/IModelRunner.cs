namespace Streaming.Core.Models;

/// <summary>
/// Runs one encoder on batches of token ids. Safe for concurrent calls; each call is one pass.
/// A sequence's result does not depend on the others in the batch, nor on the padding.
/// </summary>
public interface IModelRunner : IAsyncDisposable
{
    /// <summary>What the encoder takes and gives.</summary>
    EncoderInfo Info { get; }

    /// <summary>Encodes a batch.</summary>
    /// <param name="batch">Sequences of 1 to <see cref="EncoderInfo.MaxSequenceLength"/> ids, special tokens included.</param>
    /// <param name="cancellationToken">Observed before the pass starts.</param>
    /// <returns>Hidden states, owned by the caller until disposed.</returns>
    ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken);
}
