using Streaming.Core.Models;

namespace Streaming.Adapters.Onnx.Running;

/// <summary>Hidden states in a runner's buffer; disposing gives the buffer back.</summary>
internal sealed class OnnxEncoderOutput(OnnxModelRunner runner, EncoderBuffer buffer, ReadOnlyMemory<float> hidden, ReadOnlyMemory<int> lengths, int padded, TimeSpan took) : EncoderOutput
{
    private int _disposed;

    public override int PaddedLength => padded;

    public override TimeSpan? Took => took;

    public override ReadOnlySpan<float> Hidden(int layer, int row)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)layer, (uint)runner.Info.Layers.Count, nameof(layer));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)lengths.Length, nameof(row));
        var width = runner.Info.Dimensions;
        var start = ((layer * lengths.Length) + row) * padded * width;
        return hidden.Span.Slice(start, lengths.Span[row] * width);
    }

    public override void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            runner.GiveBack(buffer);
    }
}
