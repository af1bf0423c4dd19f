namespace Streaming.Adapters.Onnx.Bert;

/// <summary>
/// Turns weights and activation ranges into 8-bit numbers: weights symmetric with a scale for each output column,
/// activations unsigned with one scale and zero point for the tensor, after smoothing.
/// </summary>
/// <remarks>
/// Smoothing divides each activation channel by a factor and multiplies the weights' row by it, so that a few loud
/// channels do not take the range from the others: Xiao et al. 2023, "SmoothQuant", https://arxiv.org/abs/2211.10438.
/// </remarks>
internal static class Int8Quantizer
{
    private const float Tiny = 1e-5f;

    /// <summary>The factor of every channel: (greatest activation)^exponent / (greatest weight)^(1 − exponent).</summary>
    public static float[] Smoothing(ReadOnlySpan<float> least, ReadOnlySpan<float> greatest, Dense dense, float exponent)
    {
        var factors = new float[dense.Inputs];
        for (var channel = 0; channel < factors.Length; channel++)
        {
            var activation = Math.Max(Tiny, Math.Max(-least[channel], greatest[channel]));
            var weight = Tiny;
            foreach (var value in dense.Weight.AsSpan(channel * dense.Outputs, dense.Outputs))
                weight = Math.Max(weight, Math.Abs(value));
            factors[channel] = MathF.Pow(activation, exponent) / MathF.Pow(weight, 1 - exponent);
        }
        return factors;
    }

    /// <summary>Scale and zero point that cover every channel's range once it is divided by its factor.</summary>
    public static (float Scale, byte ZeroPoint) Activation(ReadOnlySpan<float> least, ReadOnlySpan<float> greatest, ReadOnlySpan<float> smoothing)
    {
        // 0 has a code of its own.
        float low = 0, high = 0;
        for (var channel = 0; channel < least.Length; channel++)
        {
            var factor = smoothing.IsEmpty ? 1 : smoothing[channel];
            low = Math.Min(low, least[channel] / factor);
            high = Math.Max(high, greatest[channel] / factor);
        }
        var scale = Math.Max(Tiny, high - low) / byte.MaxValue;
        return (scale, (byte)Math.Clamp(MathF.Round(-low / scale), 0, byte.MaxValue));
    }

    /// <summary>Weights as signed bytes with a scale for each output column.</summary>
    /// <param name="dense">The layer.</param>
    /// <param name="greatest">Largest code: 127, or 63 for CPUs whose 8-bit products saturate at 16 bits.</param>
    public static (sbyte[] Weight, float[] Scales) Columns(Dense dense, int greatest)
    {
        var scales = new float[dense.Outputs];
        for (var i = 0; i < dense.Weight.Length; i++)
            scales[i % dense.Outputs] = Math.Max(scales[i % dense.Outputs], Math.Abs(dense.Weight[i]));
        foreach (ref var scale in scales.AsSpan())
            scale = Math.Max(scale, 1e-12f) / greatest;
        var codes = new sbyte[dense.Weight.Length];
        for (var i = 0; i < codes.Length; i++)
            codes[i] = (sbyte)Math.Clamp(MathF.Round(dense.Weight[i] / scales[i % dense.Outputs]), -greatest, greatest);
        return (codes, scales);
    }

    /// <summary>A table as signed bytes with a scale for each row.</summary>
    public static (sbyte[] Codes, float[] Scales) Rows(ReadOnlySpan<float> table, int width)
    {
        var codes = new sbyte[table.Length];
        var scales = new float[table.Length / width];
        for (var row = 0; row < scales.Length; row++)
        {
            var values = table.Slice(row * width, width);
            var largest = 1e-12f;
            foreach (var value in values)
                largest = Math.Max(largest, Math.Abs(value));
            scales[row] = largest / sbyte.MaxValue;
            for (var i = 0; i < width; i++)
                codes[(row * width) + i] = (sbyte)Math.Clamp(MathF.Round(values[i] / scales[row]), -sbyte.MaxValue, sbyte.MaxValue);
        }
        return (codes, scales);
    }
}
