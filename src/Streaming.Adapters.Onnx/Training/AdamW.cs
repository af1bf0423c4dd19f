using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>
/// AdamW: Adam (Kingma, Ba, ICLR 2015) with weight decay apart from the gradient (Loshchilov, Hutter, ICLR 2019). Every number is
/// computed on its own and sums are taken in fixed pieces, so the result does not depend on the number of threads.
/// </summary>
internal sealed class AdamW
{
    private const int Piece = 1 << 16;

    /// <summary>Decay of matrices.</summary>
    public required double WeightDecay { get; init; }

    public required double Beta1 { get; init; }

    public required double Beta2 { get; init; }

    public required double Epsilon { get; init; }

    /// <summary>Gradients are scaled down to this norm; 0: never.</summary>
    public required double MaxNorm { get; init; }

    public required int Threads { get; init; }

    /// <summary>One step on the parameters that hold gradients, which are theirs no more afterwards.</summary>
    /// <param name="parameters">All parameters.</param>
    /// <param name="rate">Learning rate.</param>
    /// <param name="scale">Gradients are multiplied by this first.</param>
    /// <returns>Norm of all gradients after scaling, before clipping; when it is not finite nothing was changed.</returns>
    public double Step(IReadOnlyList<Parameter> parameters, double rate, double scale)
    {
        var pieces = Pieces(parameters);
        var norm = scale * Norm(pieces);
        if (double.IsFinite(norm))
        {
            if (MaxNorm > 0 && norm > MaxNorm)
                scale *= MaxNorm / norm;
            foreach (var parameter in parameters)
            {
                if (!parameter.Held)
                    continue;
                parameter.EnsureMoments();
                parameter.Steps++;
            }
            var gradientScale = (float)scale;
            Each(pieces, piece => Apply(piece, rate, gradientScale));
        }
        foreach (var parameter in parameters)
            parameter.Held = false;
        return norm;
    }

    private static List<(Parameter Of, int Start, int Count)> Pieces(IReadOnlyList<Parameter> parameters)
    {
        var pieces = new List<(Parameter, int, int)>();
        foreach (var parameter in parameters)
        {
            for (var start = 0; parameter.Held && start < parameter.Values.Length; start += Piece)
                pieces.Add((parameter, start, Math.Min(Piece, parameter.Values.Length - start)));
        }
        return pieces;
    }

    private double Norm(List<(Parameter Of, int Start, int Count)> pieces)
    {
        var sums = new double[pieces.Count];
        if (Threads > 1)
            Parallel.For(0, sums.Length, new ParallelOptions { MaxDegreeOfParallelism = Threads }, Sum);
        else
            for (var i = 0; i < sums.Length; i++)
                Sum(i);
        double total = 0;
        foreach (var sum in sums)
            total += sum;
        return Math.Sqrt(total);

        void Sum(int i) => sums[i] = SumOfSquares(pieces[i].Of.Gradient.AsSpan(pieces[i].Start, pieces[i].Count));
    }

    /// <summary>In an order that depends on nothing but the length; library sums begin at the first aligned number.</summary>
    private static double SumOfSquares(ReadOnlySpan<float> values)
    {
        var (low, high) = (Vector256<double>.Zero, Vector256<double>.Zero);
        ref var start = ref MemoryMarshal.GetReference(values);
        var i = 0;
        for (; i + Vector256<float>.Count <= values.Length; i += Vector256<float>.Count)
        {
            var (left, right) = Vector256.Widen(Vector256.LoadUnsafe(ref start, (nuint)i));
            low += left * left;
            high += right * right;
        }
        var sum = Vector256.Sum(low + high);
        for (; i < values.Length; i++)
            sum += (double)values[i] * values[i];
        return sum;
    }

    private void Each(List<(Parameter Of, int Start, int Count)> pieces, Action<(Parameter Of, int Start, int Count)> action)
    {
        if (Threads > 1)
            Parallel.For(0, pieces.Count, new ParallelOptions { MaxDegreeOfParallelism = Threads }, i => action(pieces[i]));
        else
            pieces.ForEach(action);
    }

    private void Apply((Parameter Of, int Start, int Count) piece, double rate, float gradientScale)
    {
        var parameter = piece.Of;
        var own = rate * parameter.RateFactor;
        var keep = (float)(1 - (parameter.Decays ? own * WeightDecay : 0));
        var step = (float)(own / (1 - Math.Pow(Beta1, parameter.Steps)));
        var root = (float)(1 / Math.Sqrt(1 - Math.Pow(Beta2, parameter.Steps)));
        var (beta1, beta2, rest1, rest2, epsilon) = ((float)Beta1, (float)Beta2, (float)(1 - Beta1), (float)(1 - Beta2), (float)Epsilon);
        var values = parameter.Values.AsSpan(piece.Start, piece.Count);
        var gradient = parameter.Gradient.AsSpan(piece.Start, piece.Count);
        var first = parameter.First.AsSpan(piece.Start, piece.Count);
        var second = parameter.Second.AsSpan(piece.Start, piece.Count);
        ref var v = ref MemoryMarshal.GetReference(values);
        ref var g = ref MemoryMarshal.GetReference(gradient);
        ref var m = ref MemoryMarshal.GetReference(first);
        ref var s = ref MemoryMarshal.GetReference(second);
        var lanes = Vector256<float>.Count;
        nuint i = 0;
        for (; i + (nuint)lanes <= (nuint)piece.Count; i += (nuint)lanes)
        {
            var derivative = Vector256.LoadUnsafe(ref g, i) * gradientScale;
            var mean = (Vector256.LoadUnsafe(ref m, i) * beta1) + (derivative * rest1);
            var square = (Vector256.LoadUnsafe(ref s, i) * beta2) + (derivative * derivative * rest2);
            mean.StoreUnsafe(ref m, i);
            square.StoreUnsafe(ref s, i);
            var change = mean * step / ((Vector256.Sqrt(square) * root) + Vector256.Create(epsilon));
            ((Vector256.LoadUnsafe(ref v, i) * keep) - change).StoreUnsafe(ref v, i);
        }
        for (var j = (int)i; j < piece.Count; j++)
        {
            var derivative = gradient[j] * gradientScale;
            first[j] = (first[j] * beta1) + (derivative * rest1);
            second[j] = (second[j] * beta2) + (derivative * derivative * rest2);
            values[j] = (values[j] * keep) - (first[j] * step / ((MathF.Sqrt(second[j]) * root) + epsilon));
        }
    }
}
