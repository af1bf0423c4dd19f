namespace Streaming.Adapters.Onnx.Bert;

/// <summary>
/// A layer normalisation's result before its scale and shift, which are left to whoever reads it: a matrix product takes
/// both into its weights and bias, so they cost a pass over memory only where the value itself is needed.
/// </summary>
/// <param name="Name">Names its constants.</param>
/// <param name="Value">The graph's value.</param>
/// <param name="Scale">What each channel is still to be multiplied with; null when the value is whole.</param>
/// <param name="Shift">What is still to be added after that; zeros when the value is whole.</param>
internal sealed record Normalized(string Name, string Value, float[]? Scale, float[] Shift)
{
    /// <summary>Whether nothing is left to do.</summary>
    public bool IsWhole => Scale is null;
}
