namespace Streaming.Core.Models;

/// <summary>Hidden states of one batch. Disposing gives the memory back; spans are invalid afterwards.</summary>
public abstract class EncoderOutput : IDisposable
{
    /// <summary>Padded length of the batch: rows × this is the number of computed token places.</summary>
    public abstract int PaddedLength { get; }

    /// <summary>How long the pass itself took, when the runner knows; null: as long as the call.</summary>
    public virtual TimeSpan? Took => null;

    /// <summary>Hidden states of one sequence at one layer: its length × <see cref="EncoderInfo.Dimensions"/>, row-major, padding left out.</summary>
    /// <param name="layer">Index into <see cref="EncoderInfo.Layers"/>.</param>
    /// <param name="row">Index of the sequence in the batch.</param>
    public abstract ReadOnlySpan<float> Hidden(int layer, int row);

    /// <inheritdoc/>
    public abstract void Dispose();
}
