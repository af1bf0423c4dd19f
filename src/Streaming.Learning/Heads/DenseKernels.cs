using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Streaming.Learning.Heads;

/// <summary>
/// The two matrix products of head training, for thin weights (a handful of labels) and wide rows. Rows and weights have the same
/// stride, a multiple of <see cref="Lanes"/>, padded with zeros. The order of additions is fixed, so results are the same every time.
/// </summary>
internal static class DenseKernels
{
    /// <summary>Strides are multiples of this.</summary>
    public const int Lanes = 16;

    /// <summary>A derivative smaller than this adds nothing worth its multiplication.</summary>
    private const float Negligible = 1e-7f;

    public static int Stride(int dimensions) => (dimensions + Lanes - 1) / Lanes * Lanes;

    /// <summary>scores[t, k] = rows[t] · weights[k] + bias[k].</summary>
    public static void Scores(ReadOnlySpan<float> rows, int rowCount, ReadOnlySpan<float> weights, ReadOnlySpan<float> bias, int labels, int stride, Span<float> scores)
    {
        if (rows.Length < rowCount * stride || weights.Length < labels * stride || bias.Length < labels || scores.Length < rowCount * labels)
            throw new ArgumentException("This is a bug: a buffer is too short.", nameof(scores));
        ref var x = ref MemoryMarshal.GetReference(rows);
        ref var w = ref MemoryMarshal.GetReference(weights);
        for (var t = 0; t < rowCount; t += 2)
        {
            ref var x0 = ref Unsafe.Add(ref x, t * stride);
            // An odd last row is computed twice and written once.
            ref var x1 = ref Unsafe.Add(ref x, Math.Min(t + 1, rowCount - 1) * stride);
            var k = 0;
            for (; k + 3 <= labels; k += 3)
            {
                ref var w0 = ref Unsafe.Add(ref w, k * stride);
                ref var w1 = ref Unsafe.Add(ref w0, stride);
                ref var w2 = ref Unsafe.Add(ref w1, stride);
                Vector512<float> a0 = default, a1 = default, a2 = default, b0 = default, b1 = default, b2 = default;
                for (nuint i = 0; i < (nuint)stride; i += Lanes)
                {
                    var p = Vector512.LoadUnsafe(ref x0, i);
                    var q = Vector512.LoadUnsafe(ref x1, i);
                    var r = Vector512.LoadUnsafe(ref w0, i);
                    a0 = Vector512.FusedMultiplyAdd(p, r, a0);
                    b0 = Vector512.FusedMultiplyAdd(q, r, b0);
                    r = Vector512.LoadUnsafe(ref w1, i);
                    a1 = Vector512.FusedMultiplyAdd(p, r, a1);
                    b1 = Vector512.FusedMultiplyAdd(q, r, b1);
                    r = Vector512.LoadUnsafe(ref w2, i);
                    a2 = Vector512.FusedMultiplyAdd(p, r, a2);
                    b2 = Vector512.FusedMultiplyAdd(q, r, b2);
                }

                Put(scores, t, rowCount, k, labels, Vector512.Sum(a0) + bias[k], Vector512.Sum(b0) + bias[k]);
                Put(scores, t, rowCount, k + 1, labels, Vector512.Sum(a1) + bias[k + 1], Vector512.Sum(b1) + bias[k + 1]);
                Put(scores, t, rowCount, k + 2, labels, Vector512.Sum(a2) + bias[k + 2], Vector512.Sum(b2) + bias[k + 2]);
            }

            for (; k < labels; k++)
            {
                ref var w0 = ref Unsafe.Add(ref w, k * stride);
                Vector512<float> a0 = default, b0 = default;
                for (nuint i = 0; i < (nuint)stride; i += Lanes)
                {
                    var r = Vector512.LoadUnsafe(ref w0, i);
                    a0 = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref x0, i), r, a0);
                    b0 = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref x1, i), r, b0);
                }

                Put(scores, t, rowCount, k, labels, Vector512.Sum(a0) + bias[k], Vector512.Sum(b0) + bias[k]);
            }
        }
    }

    /// <summary>gradient[k] += Σt derivatives[t, k] · rows[t].</summary>
    public static void AddOuter(ReadOnlySpan<float> rows, int rowCount, ReadOnlySpan<float> derivatives, int labels, int stride, Span<float> gradient)
    {
        if (rows.Length < rowCount * stride || derivatives.Length < rowCount * labels || gradient.Length < labels * stride)
            throw new ArgumentException("This is a bug: a buffer is too short.", nameof(gradient));
        ref var x = ref MemoryMarshal.GetReference(rows);
        ref var g = ref MemoryMarshal.GetReference(gradient);
        Span<int> active = stackalloc int[4];
        for (var k = 0; k < labels; k++)
        {
            ref var target = ref Unsafe.Add(ref g, k * stride);
            var count = 0;
            for (var t = 0; t < rowCount; t++)
            {
                if (MathF.Abs(derivatives[(t * labels) + k]) <= Negligible)
                    continue;
                active[count++] = t;
                if (count < 4)
                    continue;
                AddFour(ref target, ref x, active, derivatives, k, labels, stride);
                count = 0;
            }

            for (var i = 0; i < count; i++)
            {
                ref var row = ref Unsafe.Add(ref x, active[i] * stride);
                var d = Vector512.Create(derivatives[(active[i] * labels) + k]);
                for (nuint j = 0; j < (nuint)stride; j += Lanes)
                    Vector512.FusedMultiplyAdd(d, Vector512.LoadUnsafe(ref row, j), Vector512.LoadUnsafe(ref target, j)).StoreUnsafe(ref target, j);
            }
        }
    }

    /// <summary>bfloat16 to single.</summary>
    public static void WidenBFloat16(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        var bits = MemoryMarshal.Cast<float, uint>(destination);
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(bits);
        nuint i = 0;
        for (; i + Lanes <= (nuint)source.Length; i += Lanes)
            Vector512.ShiftLeft(Vector512.Create(Vector256.WidenLower(Vector256.LoadUnsafe(ref from, i)), Vector256.WidenUpper(Vector256.LoadUnsafe(ref from, i))), 16).StoreUnsafe(ref to, i);
        for (; i < (nuint)source.Length; i++)
            bits[(int)i] = (uint)source[(int)i] << 16;
    }

    private static void AddFour(ref float target, ref float x, ReadOnlySpan<int> rows, ReadOnlySpan<float> derivatives, int k, int labels, int stride)
    {
        ref var x0 = ref Unsafe.Add(ref x, rows[0] * stride);
        ref var x1 = ref Unsafe.Add(ref x, rows[1] * stride);
        ref var x2 = ref Unsafe.Add(ref x, rows[2] * stride);
        ref var x3 = ref Unsafe.Add(ref x, rows[3] * stride);
        var d0 = Vector512.Create(derivatives[(rows[0] * labels) + k]);
        var d1 = Vector512.Create(derivatives[(rows[1] * labels) + k]);
        var d2 = Vector512.Create(derivatives[(rows[2] * labels) + k]);
        var d3 = Vector512.Create(derivatives[(rows[3] * labels) + k]);
        for (nuint i = 0; i < (nuint)stride; i += Lanes)
        {
            var sum = Vector512.LoadUnsafe(ref target, i);
            sum = Vector512.FusedMultiplyAdd(d0, Vector512.LoadUnsafe(ref x0, i), sum);
            sum = Vector512.FusedMultiplyAdd(d1, Vector512.LoadUnsafe(ref x1, i), sum);
            sum = Vector512.FusedMultiplyAdd(d2, Vector512.LoadUnsafe(ref x2, i), sum);
            sum = Vector512.FusedMultiplyAdd(d3, Vector512.LoadUnsafe(ref x3, i), sum);
            sum.StoreUnsafe(ref target, i);
        }
    }

    private static void Put(Span<float> scores, int row, int rowCount, int label, int labels, float first, float second)
    {
        scores[(row * labels) + label] = first;
        if (row + 1 < rowCount)
            scores[((row + 1) * labels) + label] = second;
    }
}
