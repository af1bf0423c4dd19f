using System.Runtime.Intrinsics.X86;

namespace Streaming.Adapters.Onnx.Running;

/// <summary>Whether this CPU multiplies bytes exactly and fast.</summary>
/// <remarks>
/// x86 CPUs without VNNI add pairs of byte products in 16 bits, which overflow for weights above 64: results are then
/// further from single precision, though still the same in every batch. A model imported with 7-bit weights avoids it.
/// </remarks>
public static class Int8Support
{
    private const int FeatureLeaf = 7;
    private const int Avx512VnniBit = 11;
    private const int AvxVnniBit = 4;

    /// <summary>Why 8-bit encoders lose accuracy here, and the way out; null when they do not.</summary>
    public static string? Warning => X86Base.IsSupported && !HasVnni()
        ? "this CPU has no VNNI instructions: 8-bit encoders run slower and can saturate; import with 7-bit weights or as fp32"
        : null;

    private static bool HasVnni()
    {
        var (_, _, ecx, _) = X86Base.CpuId(FeatureLeaf, 0);
        var (eax, _, _, _) = X86Base.CpuId(FeatureLeaf, 1);
        return (ecx & (1 << Avx512VnniBit)) != 0 || (eax & (1 << AvxVnniBit)) != 0;
    }
}
