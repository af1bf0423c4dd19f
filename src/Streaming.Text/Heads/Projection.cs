using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Streaming.Text.Heads;

/// <summary>
/// A linear layer: outputs = inputs × weightsᵀ + bias. Rows are padded to whole vectors. A row's result is the same
/// whatever rows go with it.
/// </summary>
internal sealed class Projection
{
    private const int Lanes = 16;

    private readonly float[] _weights;
    private readonly float[] _bias;

    internal Projection(ReadOnlySpan<float> weights, ReadOnlySpan<float> bias)
    {
        Outputs = bias.Length;
        Inputs = weights.Length / bias.Length;
        Stride = StrideOf(Inputs);
        _weights = new float[Outputs * Stride];
        for (var output = 0; output < Outputs; output++)
            weights.Slice(output * Inputs, Inputs).CopyTo(_weights.AsSpan(output * Stride));
        _bias = bias.ToArray();
    }

    internal ReadOnlySpan<float> Bias => _bias;

    internal int Inputs { get; }

    internal int Outputs { get; }

    /// <summary>Distance of two rows of inputs.</summary>
    internal int Stride { get; }

    internal static int StrideOf(int inputs) => (inputs + Lanes - 1) / Lanes * Lanes;

    /// <summary>Multiplies rows.</summary>
    /// <param name="rows">[count, <see cref="Stride"/>], zeros behind <see cref="Inputs"/>.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="addBias">Whether the bias is added.</param>
    /// <param name="results">Receives [count, <see cref="Outputs"/>].</param>
    internal void Multiply(ReadOnlySpan<float> rows, int count, bool addBias, Span<float> results)
    {
        if (rows.Length < count * Stride || results.Length < count * Outputs)
            throw new InvalidOperationException("A projection was given too little room: this is a bug.");
        ref var weights = ref MemoryMarshal.GetArrayDataReference(_weights);
        ref var input = ref MemoryMarshal.GetReference(rows);
        var row = 0;
        for (; row + 4 <= count; row += 4)
        {
            for (var output = 0; output < Outputs; output++)
            {
                var (a, b, c, d) = Dot4(ref Unsafe.Add(ref weights, output * Stride), ref Unsafe.Add(ref input, row * Stride));
                var bias = addBias ? _bias[output] : 0;
                results[row * Outputs + output] = a + bias;
                results[(row + 1) * Outputs + output] = b + bias;
                results[(row + 2) * Outputs + output] = c + bias;
                results[(row + 3) * Outputs + output] = d + bias;
            }
        }

        for (; row < count; row++)
        {
            for (var output = 0; output < Outputs; output++)
            {
                var dot = Dot(ref Unsafe.Add(ref weights, output * Stride), ref Unsafe.Add(ref input, row * Stride));
                results[row * Outputs + output] = dot + (addBias ? _bias[output] : 0);
            }
        }
    }

    private (float A, float B, float C, float D) Dot4(ref float weights, ref float rows)
    {
        var (a, b, c, d) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
        var stride = Stride;
        for (var i = 0; i < stride; i += Lanes)
        {
            var weight = Vector512.LoadUnsafe(ref weights, (nuint)i);
            a = Vector512.FusedMultiplyAdd(weight, Vector512.LoadUnsafe(ref rows, (nuint)i), a);
            b = Vector512.FusedMultiplyAdd(weight, Vector512.LoadUnsafe(ref rows, (nuint)(i + stride)), b);
            c = Vector512.FusedMultiplyAdd(weight, Vector512.LoadUnsafe(ref rows, (nuint)(i + 2 * stride)), c);
            d = Vector512.FusedMultiplyAdd(weight, Vector512.LoadUnsafe(ref rows, (nuint)(i + 3 * stride)), d);
        }

        return (Vector512.Sum(a), Vector512.Sum(b), Vector512.Sum(c), Vector512.Sum(d));
    }

    private float Dot(ref float weights, ref float row)
    {
        var sum = Vector512<float>.Zero;
        for (var i = 0; i < Stride; i += Lanes)
            sum = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref weights, (nuint)i), Vector512.LoadUnsafe(ref row, (nuint)i), sum);
        return Vector512.Sum(sum);
    }
}
