namespace Streaming.Core.Models;

/// <summary>What an encoder takes and gives.</summary>
/// <param name="Dimensions">Width of a hidden state.</param>
/// <param name="Layers">Which layers' hidden states are given out, in order; 0 is the embeddings, the last is the final layer.</param>
/// <param name="MaxSequenceLength">Longest sequence in tokens, special tokens included.</param>
/// <param name="Device">Where it runs, e.g. <c>cpu</c> or <c>cuda:0</c>, with the reason if that was a fallback.</param>
public sealed record EncoderInfo(int Dimensions, IReadOnlyList<int> Layers, int MaxSequenceLength, string Device)
{
    /// <summary>
    /// Calls worth keeping beside those that are being computed: they wait inside of the runner, so that it never waits for
    /// whoever prepares the next. 0 for a runner that computes on its caller's thread.
    /// </summary>
    public int CallsAhead { get; init; }
}
