using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Streaming.Learning;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>
/// Masks of dropout (Srivastava et al. 2014): 0 with the given chance, else 1 / (1 - chance). Each number is a hash of its place, the
/// pass and the seed, so a pass can be made again, and nothing but the number of the pass has to be kept for resuming.
/// </summary>
internal static class DropoutMasks
{
    /// <summary>Fills one mask.</summary>
    /// <param name="mask">Receives it.</param>
    /// <param name="chance">Share of zeros.</param>
    /// <param name="seed">The model's.</param>
    /// <param name="pass">Number of the pass.</param>
    /// <param name="site">Which mask of the pass.</param>
    public static void Fill(Span<float> mask, double chance, ulong seed, ulong pass, int site)
    {
        var bits = new SeededRandom(new SeededRandom(seed ^ (pass * 0x9E3779B97F4A7C15UL)).NextBits() + (ulong)site).NextBits();
        var (first, second) = ((uint)bits, (uint)(bits >> 32));
        var threshold = (uint)(chance * uint.MaxValue);
        var kept = (float)(1 / (1 - chance));
        ref var start = ref MemoryMarshal.GetReference(mask);
        var lanes = Vector256<uint>.Count;
        var places = Vector256.Create(0u, 1, 2, 3, 4, 5, 6, 7) + Vector256.Create(first);
        nuint i = 0;
        for (; i + (nuint)lanes <= (nuint)mask.Length; i += (nuint)lanes)
        {
            var hash = Mix(Mix(places) ^ Vector256.Create(second));
            Vector256.ConditionalSelect(Vector256.GreaterThanOrEqual(hash, Vector256.Create(threshold)).AsSingle(), Vector256.Create(kept), Vector256<float>.Zero).StoreUnsafe(ref start, i);
            places += Vector256.Create((uint)lanes);
        }
        for (var j = (int)i; j < mask.Length; j++)
            mask[j] = Mix(Mix((uint)j + first) ^ second) >= threshold ? kept : 0;
    }

    // A finaliser of 32 bits with little bias: https://github.com/skeeto/hash-prospector.
    private static uint Mix(uint x)
    {
        x ^= x >> 16;
        x *= 0x7feb352dU;
        x ^= x >> 15;
        x *= 0x846ca68bU;
        return x ^ (x >> 16);
    }

    private static Vector256<uint> Mix(Vector256<uint> x)
    {
        x ^= x >>> 16;
        x *= Vector256.Create(0x7feb352dU);
        x ^= x >>> 15;
        x *= Vector256.Create(0x846ca68bU);
        return x ^ (x >>> 16);
    }
}
