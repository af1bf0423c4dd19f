namespace Streaming.Adapters.Onnx.Bert;

/// <summary>A linear layer.</summary>
/// <param name="Inputs">Width in.</param>
/// <param name="Outputs">Width out.</param>
/// <param name="Weight">[inputs, outputs], row-major: ready for x · W.</param>
/// <param name="Bias">[outputs].</param>
public sealed record Dense(int Inputs, int Outputs, float[] Weight, float[] Bias)
{
    /// <summary>Several layers on the same input as one, outputs side by side.</summary>
    public static Dense Join(params ReadOnlySpan<Dense> parts)
    {
        var outputs = 0;
        foreach (var part in parts)
            outputs += part.Outputs;
        var inputs = parts[0].Inputs;
        var weight = new float[inputs * outputs];
        var bias = new float[outputs];
        var column = 0;
        foreach (var part in parts)
        {
            for (var row = 0; row < inputs; row++)
                part.Weight.AsSpan(row * part.Outputs, part.Outputs).CopyTo(weight.AsSpan((row * outputs) + column));
            part.Bias.CopyTo(bias, column);
            column += part.Outputs;
        }
        return new Dense(inputs, outputs, weight, bias);
    }

    /// <summary>The layer for inputs that were divided by <paramref name="smoothing"/>: the same result.</summary>
    public Dense AbsorbInput(ReadOnlySpan<float> smoothing)
    {
        var weight = (float[])Weight.Clone();
        for (var row = 0; row < Inputs; row++)
        {
            foreach (ref var value in weight.AsSpan(row * Outputs, Outputs))
                value *= smoothing[row];
        }
        return this with { Weight = weight };
    }

    /// <summary>The layer for inputs that <paramref name="shift"/> is to be added to: the same result.</summary>
    public Dense AbsorbShift(ReadOnlySpan<float> shift)
    {
        var bias = Array.ConvertAll(Bias, static value => (double)value);
        for (var row = 0; row < Inputs; row++)
        {
            for (var column = 0; column < Outputs; column++)
                bias[column] += (double)shift[row] * Weight[(row * Outputs) + column];
        }
        return this with { Bias = Array.ConvertAll(bias, static value => (float)value) };
    }

    /// <summary>The layer with something added to its outputs.</summary>
    public Dense AddToBias(ReadOnlySpan<float> shift)
    {
        var bias = (float[])Bias.Clone();
        for (var column = 0; column < Outputs; column++)
            bias[column] += shift[column];
        return this with { Bias = bias };
    }

    /// <summary>The layer with its outputs divided by <paramref name="smoothing"/>.</summary>
    public Dense DivideOutput(ReadOnlySpan<float> smoothing)
    {
        var weight = (float[])Weight.Clone();
        var bias = (float[])Bias.Clone();
        for (var column = 0; column < Outputs; column++)
        {
            bias[column] /= smoothing[column];
            for (var row = 0; row < Inputs; row++)
                weight[(row * Outputs) + column] /= smoothing[column];
        }
        return this with { Weight = weight, Bias = bias };
    }
}
