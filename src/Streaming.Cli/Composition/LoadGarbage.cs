namespace Streaming.Cli.Composition;

/// <summary>
/// Loading a model leaves the bytes of its files behind as garbage, as large as the model. Collected at once, they are given
/// back to the system; otherwise the collector, seeing no pressure, would keep them for hours.
/// </summary>
internal static class LoadGarbage
{
    /// <summary>Collects it. Call once behind a load, before work begins.</summary>
    public static void Collect() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
}
