namespace Streaming.Cli.Composition;

/// <summary>
/// Loading a model leaves garbage behind, larger than the model: the bytes of its files in managed memory, parsed graphs in
/// native memory. Given back at once; otherwise both allocators, seeing no pressure, would keep it for hours.
/// </summary>
internal static class LoadGarbage
{
    /// <summary>Gives it back. Call once behind a load, before work begins.</summary>
    public static void Collect()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        NativeHeap.Trim();
    }
}
